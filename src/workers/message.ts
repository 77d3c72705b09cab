import { DataError, type ErrorDetail } from "../core/errors.ts";
import type { Refined, RefineJob } from "../ports.ts";

/** What crosses to a worker. */
export interface Ask {
  readonly id: number;
  readonly job: RefineJob;
}

/** What comes back. That a file cannot be what it claims keeps its name; anything else is a bug, and comes as its stack. */
export type Told =
  | { readonly id: number; readonly refined: Refined }
  | { readonly id: number; readonly failure: ErrorDetail }
  | { readonly id: number; readonly bug: string };

/** Errors lose their class on the way. */
export const errorOf = (failure: ErrorDetail): DataError => new DataError(failure.code, failure.message, failure.next);
