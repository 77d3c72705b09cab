import type { TwinAnswer } from "../answer.ts";
import { bytesOf } from "../answer.ts";
import type { Content } from "./content.ts";
import { type Fault, parseFaults } from "./grammar.ts";
import { FAULT_KINDS, type FaultKind, type FaultScope } from "./kinds.ts";
import type { Request } from "./refusals.ts";
import { strikes } from "./selector.ts";
import { ZipFaults } from "./zip-faults.ts";

/** Puts the faults of a spec into answers. Each fault counts the requests that it could strike, from 1. */
export class FaultInjector {
  readonly #faults: readonly { readonly fault: Fault<FaultKind>; seen: number }[];
  readonly #zips: ZipFaults;

  /** @throws UsageError */
  constructor(spec: string) {
    const faults = parseFaults(spec, FAULT_KINDS);
    this.#zips = new ZipFaults(faults);
    this.#faults = faults.map((fault) => ({ fault, seen: 0 }));
  }

  /** The faults of what an answer holds. They come first, while it still is whole. */
  changeContent(answer: TwinAnswer, request: Request, content: Content | undefined): TwinAnswer {
    switch (content?.kind) {
      case "rows":
        return this.#strike(answer, request, "rows");
      case "zip":
        return this.#zips.zip(answer, request);
      case "checksum": {
        const text = this.#zips.checksum(content, request);
        return this.#strike(text === undefined ? answer : { ...answer, body: bytesOf(text) }, request, "checksum");
      }
      case undefined:
        return answer;
    }
  }

  /** The faults that any answer may have, which may leave nothing of it. */
  change(answer: TwinAnswer, request: Request): TwinAnswer {
    return this.#strike(answer, request, "any");
  }

  #strike(answer: TwinAnswer, request: Request, scope: FaultScope): TwinAnswer {
    let result = answer;
    for (const entry of this.#faults) {
      const { kind, argument, method = "GET", route, selector } = entry.fault;
      // Nothing else is asked of a venue.
      if (kind.scope !== scope || method !== "GET") continue;
      if (route !== undefined && !request.path.includes(route)) continue;
      if (strikes(selector, ++entry.seen)) result = kind.apply({ answer: result, argument, ...request });
    }
    return result;
  }
}
