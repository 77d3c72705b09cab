import { AppError, type ErrorDetail, Interrupted, StoreError } from "../core/errors.ts";
import type { Gap } from "../core/gap.ts";
import type { Step } from "../core/step.ts";

export type Status = "planned" | "done" | "unchanged" | "failed" | "deferred";

/** What became of a step. */
export interface Outcome {
  readonly step: Step;
  readonly status: Status;
  readonly rows: number;
  /** Bytes written to the lake; of an upload, bytes sent. */
  readonly bytes: number;
  readonly sha256: string | null;
  /** Where the rows came from in the end. */
  readonly source: string;
  readonly gaps: readonly Gap[];
  /** Rows that had been stored before are now others. */
  readonly revised: boolean;
  /** Rows that were refused. */
  readonly quarantined: number;
  readonly error: (ErrorDetail & { readonly exitCode: number }) | null;
}

function sourceOf(step: Step): string {
  if (step.action !== "fetch") return step.action === "derive" ? "derived" : "";
  return step.series.venue === "synthetic" ? "synthetic" : step.route;
}

export const planned = (step: Step): Outcome => ({
  step,
  status: "planned",
  rows: step.action === "load" ? step.rows : 0,
  bytes: 0,
  sha256: null,
  source: sourceOf(step),
  gaps: [],
  revised: false,
  quarantined: 0,
  error: null,
});

/** Refusals that pass by themselves, or elsewhere: the rest can be done later. */
const LATER = new Set(["geo-blocked", "banned", "rate-limited", "forbidden", "not-in-archive"]);

export const detailOf = (error: AppError): NonNullable<Outcome["error"]> => ({
  ...error.detail,
  exitCode: error.exitCode,
});

export const failed = (step: Step, error: AppError): Outcome => ({
  ...planned(step),
  rows: 0,
  status: LATER.has(error.code) ? "deferred" : "failed",
  error: detailOf(error),
});

/** What would become of a step, as far as a plan can tell. */
export const foreseen = (step: Step): Outcome => (step.error ? failed(step, step.error) : planned(step));

/** A failure that no other step can escape. */
export const isFatal = (error: unknown): error is AppError =>
  error instanceof StoreError || error instanceof Interrupted;

/** What became of a step that threw; a bug is thrown on. */
export function failure(step: Step, error: unknown): Outcome {
  if (!(error instanceof AppError)) throw error;
  return failed(step, error);
}
