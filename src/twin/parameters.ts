import { refusal } from "./answer.ts";

const WHOLE_NUMBER = /^[0-9]{1,20}$/;

/** The query of a request, read as the venue reads it: what is wrong with it is refused with the venue's code. */
export class Parameters {
  readonly #query: URLSearchParams;
  readonly #read = new Set<string>();

  constructor(query: URLSearchParams) {
    this.#query = query;
    for (const name of query.keys()) {
      if (query.getAll(name).length > 1) throw refusal(400, -1101, "Duplicate values for a parameter detected.");
    }
  }

  optional(name: string): string | undefined {
    this.#read.add(name);
    return this.#query.get(name) ?? undefined;
  }

  mandatory(name: string): string {
    const value = this.optional(name);
    if (value) return value;
    throw refusal(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
  }

  /** Milliseconds or a count: digits only. */
  whole(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (value === "") throw refusal(400, -1105, `Parameter '${name}' was empty.`);
    if (!WHOLE_NUMBER.test(value)) throw illegal(name, "^[0-9]{1,20}$");
    return Number(value);
  }

  /** Spot refuses parameters that it does not know; futures read over them. */
  nothingElse(): void {
    const sent = [...this.#query.keys()];
    const read = sent.filter((name) => this.#read.has(name)).length;
    if (read === sent.length) return;
    throw refusal(
      400,
      -1104,
      `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${sent.length}'.`,
    );
  }
}

export const illegal = (name: string, legal: string) =>
  refusal(400, -1100, `Illegal characters found in parameter '${name}'; legal range is '${legal}'.`);

export const invalid = (name: string) => refusal(400, -1130, `Data sent for parameter '${name}' is not valid.`);
