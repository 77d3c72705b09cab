import type { Rights, StoredObjects } from "../call.ts";
import type { Catalog } from "./catalog.ts";
import type { Duck } from "./duck.ts";
import type { Json } from "./json.ts";

/** What every part of the stand-in works on. */
export interface Context {
  readonly catalog: Catalog;
  readonly duck: Duck;
  readonly objects: StoredObjects;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Neither DML nor streaming, as in a project without billing. */
  readonly sandbox: boolean;
}

/** A request that has found its route. */
export interface Request {
  readonly project: string;
  /** Decoded parts of the path, by their names. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Json;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As of the call. */
  readonly may: Rights;
  /** `http://127.0.0.1:PORT/bigquery/v2`, for links. */
  readonly base: string;
}
