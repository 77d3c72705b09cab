import type { Delivery } from "../answer.ts";
import { type Fault, parseFaults } from "../faults/grammar.ts";
import { strikes } from "../faults/selector.ts";
import type { GoogleCall } from "./call.ts";
import { GOOGLE_FAULT_KINDS, type GoogleFaultKind } from "./fault-kinds.ts";
import type { GoogleRefusal } from "./refusal.ts";

/** What strikes one request. */
export interface Blow {
  /** Permissions that the caller lacks. */
  readonly denied: ReadonlySet<string>;
  /** Whether the request is done all the same. */
  readonly done: boolean;
  /** In place of the answer. */
  readonly refusal: GoogleRefusal | undefined;
  readonly delivery: Delivery | undefined;
}

/** Faults on demand. Each one counts the requests that it could strike, from 1: those of its method and path. */
export class GoogleFaults {
  readonly #faults: readonly { readonly fault: Fault<GoogleFaultKind>; seen: number }[];

  /** @throws UsageError */
  constructor(spec: string) {
    this.#faults = parseFaults(spec, GOOGLE_FAULT_KINDS).map((fault) => ({ fault, seen: 0 }));
  }

  blow(call: GoogleCall): Blow {
    const target = targetOf(call);
    const struck: Fault<GoogleFaultKind>[] = [];
    for (const entry of this.#faults) {
      const { method, route, selector } = entry.fault;
      if (method !== undefined && method !== call.method) continue;
      if (route !== undefined && !target.includes(route)) continue;
      if (strikes(selector, ++entry.seen)) struck.push(entry.fault);
    }
    const service = STORAGE.test(call.path) ? "storage" : "bigquery";
    const refusing = struck.find(({ kind }) => kind.refuse)?.kind;
    const delivering = struck.find(({ kind }) => kind.deliver);
    return {
      denied: new Set(struck.flatMap(({ kind, word }) => (kind.denies && word !== undefined ? word : []))),
      done: struck.every(({ kind }) => kind.after || kind.denies),
      refusal: refusing?.refuse?.(service),
      delivery: delivering?.kind.deliver?.(delivering.argument),
    };
  }
}

const STORAGE = /^\/(?:b(?:\/|$)|storage\/|download\/|(?:resumable\/)?upload\/storage\/)/;

/** Readable: an object's name in it may have slashes, and an upload has the name in the query. */
function targetOf({ path, query }: GoogleCall): string {
  const parameters = [...query].map(([name, value]) => `${name}=${value}`).join("&");
  return `${readable(path)}?${parameters}`;
}

function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
