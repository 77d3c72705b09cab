import { invalid } from "../refusal.ts";

/** What is chosen of an object, by field; null stands for all of a field's value. */
type Choice = Map<string, Choice | null>;

/**
 * The part of an answer that the parameter `fields` asks for: `items/name,items(size,generation),nextPageToken`. Of an
 * array the choice is of each element.
 * @throws GoogleRefusal where it cannot be read
 */
export function partial(value: unknown, fields: string): unknown {
  const reader = new Reader(fields);
  const choice = reader.list();
  if (!reader.done) throw invalid(`Invalid field selection ${fields}`);
  return chosen(value, choice);
}

function chosen(value: unknown, choice: Choice | null): unknown {
  if (choice === null || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => chosen(element, choice));
  const entries = Object.entries(value).flatMap(([name, inner]) => {
    const deeper = choice.get(name) ?? choice.get("*");
    return choice.has(name) || choice.has("*") ? [[name, chosen(inner, deeper ?? null)] as const] : [];
  });
  return Object.fromEntries(entries);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at === this.#text.length;
  }

  list(): Choice {
    const choice: Choice = new Map();
    do this.#field(choice);
    while (this.#take(","));
    return choice;
  }

  #field(into: Choice): void {
    const name = /^\s*([\w*]+)\s*/.exec(this.#text.slice(this.#at));
    if (!name?.[1]) throw invalid(`Invalid field selection ${this.#text}`);
    this.#at += name[0].length;
    const before = into.get(name[1]);
    // All of a field once chosen stays chosen.
    const within: Choice = before ?? new Map();
    if (this.#take("/")) this.#field(within);
    else if (this.#take("(")) {
      for (const [inner, deeper] of this.list()) within.set(inner, deeper);
      if (!this.#take(")")) throw invalid(`Invalid field selection ${this.#text}`);
    } else {
      into.set(name[1], null);
      return;
    }
    if (before !== null) into.set(name[1], within);
  }

  #take(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }
}
