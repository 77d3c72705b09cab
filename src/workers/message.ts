import { DataError, type ErrorDetail } from "../core/errors.ts";
import type { Refined } from "../ports.ts";

/**
 * What a worker answers its one job with. That a file cannot be what it claims keeps its name; anything else is a bug, and
 * comes as its stack.
 */
export type Told = { readonly refined: Refined } | { readonly failure: ErrorDetail } | { readonly bug: string };

/** Errors lose their class on the way. */
export const errorOf = (failure: ErrorDetail): DataError => new DataError(failure.code, failure.message, failure.next);
