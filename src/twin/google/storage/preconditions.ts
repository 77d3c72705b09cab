import { GoogleRefusal, invalid } from "../refusal.ts";

/** What preconditions compare with. */
interface State {
  readonly generation: number;
  readonly metageneration: number;
}

/** What a request expects of an object or a bucket; for a source of a copy the names begin with `ifSource`. */
export class Preconditions {
  readonly #query: URLSearchParams;
  readonly #prefix: string;

  constructor(query: URLSearchParams, prefix: "if" | "ifSource" = "if") {
    this.#query = query;
    this.#prefix = prefix;
  }

  /**
   * @param state undefined where there is no live object: its generation then is 0, and a metageneration it has none
   * @throws GoogleRefusal 412; 304 without a body where a read found what it has already
   */
  check(state: State | undefined, reads: boolean): void {
    const generation = state?.generation ?? 0;
    this.#match("GenerationMatch", (value) => value === generation);
    this.#match("MetagenerationMatch", (value) => value === state?.metageneration);
    // 0 stands for no object, so that it never equals one that is there.
    this.#match("GenerationNotMatch", (value) => state !== undefined && value !== generation, reads);
    this.#match("MetagenerationNotMatch", (value) => state !== undefined && value !== state.metageneration, reads);
  }

  #match(name: string, holds: (value: number) => boolean, reads = false): void {
    const text = this.#query.get(this.#prefix + name);
    if (text === null) return;
    if (!/^\d+$/.test(text)) throw invalid(`Invalid value for ${this.#prefix}${name}: ${text}`);
    if (holds(Number(text))) return;
    const message = "At least one of the pre-conditions you specified did not hold.";
    throw new GoogleRefusal(reads ? 304 : 412, "conditionNotMet", message, reads ? "If-None-Match" : "If-Match");
  }
}
