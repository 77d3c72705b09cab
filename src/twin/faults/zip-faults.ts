import type { TwinAnswer } from "../answer.ts";
import { CHECKSUM, checksumOf } from "../archive/checksum.ts";
import { ARCHIVE_KINDS } from "./archive-kinds.ts";
import type { Content } from "./content.ts";
import type { Fault } from "./grammar.ts";
import type { FaultKind } from "./kinds.ts";
import type { Request } from "./refusals.ts";
import { strikes } from "./selector.ts";

/** A ZIP and its checksum asked for together, whichever comes first. */
interface Visit {
  readonly faults: readonly Fault<FaultKind>[];
  zip: boolean;
  checksum: boolean;
}

/**
 * The faults of ZIPs. What strikes a ZIP is decided when it or its checksum is asked for, and holds for the other one
 * too: the checksum fits the ZIP that comes, so that a client has to find out by itself what is wrong in it.
 */
export class ZipFaults {
  readonly #faults: readonly { readonly fault: Fault<FaultKind>; seen: number }[];
  readonly #visits = new Map<string, Visit>();

  constructor(faults: readonly Fault<FaultKind>[]) {
    // What changes lines comes before what changes the ZIP around them, as the table has it.
    const order = Object.values(ARCHIVE_KINDS);
    this.#faults = faults
      .filter(({ kind }) => kind.scope === "zip")
      .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
      .map((fault) => ({ fault, seen: 0 }));
  }

  zip(answer: TwinAnswer, request: Request): TwinAnswer {
    let visit = this.#visits.get(request.path);
    if (!visit || visit.zip) visit = this.#open(request.path);
    visit.zip = true;
    return struck(answer, request, visit.faults);
  }

  /** The text where the ZIP is not what it was; undefined where it is. */
  checksum({ key, zip }: Content & { kind: "checksum" }, request: Request): string | undefined {
    const path = request.path.slice(0, -CHECKSUM.length);
    let visit = this.#visits.get(path);
    if (!visit || (visit.zip && visit.checksum)) visit = this.#open(path);
    visit.checksum = true;
    const faults = visit.faults.filter(({ kind }) => !kind.unsigned);
    const body = faults.length > 0 ? zip() : undefined;
    if (!body) return undefined;
    const answer = struck({ status: 200, headers: {}, body }, { ...request, path }, faults);
    return checksumOf(answer.body, key).toString();
  }

  #open(path: string): Visit {
    const faults: Fault<FaultKind>[] = [];
    for (const entry of this.#faults) {
      const { method = "GET", route, selector } = entry.fault;
      if (method !== "GET") continue;
      if (route !== undefined && !path.includes(route)) continue;
      if (strikes(selector, ++entry.seen)) faults.push(entry.fault);
    }
    const visit = { faults, zip: false, checksum: false };
    if (this.#faults.length > 0) this.#visits.set(path, visit);
    return visit;
  }
}

const struck = (answer: TwinAnswer, request: Request, faults: readonly Fault<FaultKind>[]): TwinAnswer =>
  faults.reduce((result, { kind, argument }) => kind.apply({ answer: result, argument, ...request }), answer);
