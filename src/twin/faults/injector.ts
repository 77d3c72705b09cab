import type { TwinAnswer } from "../answer.ts";
import { type Fault, parseFaults } from "./grammar.ts";
import { strikes } from "./selector.ts";

/** Puts the faults of a spec into answers. Each fault counts the requests that it could strike, from 1. */
export class FaultInjector {
  readonly #faults: readonly { readonly fault: Fault; seen: number }[];

  /** @throws UsageError */
  constructor(spec: string) {
    const faults = parseFaults(spec).map((fault) => ({ fault, seen: 0 }));
    // Rows are changed while the body still is JSON, then come the faults that may leave none.
    const [rows, any] = [faults.filter(isOfRows), faults.filter((entry) => !isOfRows(entry))];
    this.#faults = [...rows, ...any];
  }

  /**
   * @param path of the request, with the host's prefix
   * @param rows whether the route answers rows
   * @param now the server's time in milliseconds
   */
  apply(answer: TwinAnswer, path: string, rows: boolean, now: number): TwinAnswer {
    let result = answer;
    for (const entry of this.#faults) {
      const { kind, argument, route, selector } = entry.fault;
      if (route !== undefined && !path.includes(route)) continue;
      if (kind.scope === "rows" && !rows) continue;
      if (strikes(selector, ++entry.seen)) result = kind.apply({ answer: result, argument, now });
    }
    return result;
  }
}

const isOfRows = ({ fault }: { readonly fault: Fault }): boolean => fault.kind.scope === "rows";
