import type { AppError, ErrorDetail } from "../core/errors.ts";
import type { Gap } from "../core/gap.ts";
import type { Step } from "../core/plan.ts";

export type Status = "planned" | "done" | "unchanged" | "failed" | "deferred";

/** What became of a step. */
export interface Outcome {
  readonly step: Step;
  readonly status: Status;
  readonly rows: number;
  /** Bytes written to the lake. */
  readonly bytes: number;
  readonly sha256: string | null;
  readonly gaps: readonly Gap[];
  /** Rows that had been stored before are now others. */
  readonly revised: boolean;
  /** Rows that were refused. */
  readonly quarantined: number;
  readonly error: (ErrorDetail & { readonly exitCode: number }) | null;
}

export const planned = (step: Step): Outcome => ({
  step,
  status: "planned",
  rows: step.action === "load" ? step.rows : 0,
  bytes: 0,
  sha256: null,
  gaps: [],
  revised: false,
  quarantined: 0,
  error: null,
});

/** Refusals that pass by themselves, or elsewhere: the rest can be done later. */
const LATER = new Set(["geo-blocked", "banned", "rate-limited", "forbidden"]);

export const failed = (step: Step, error: AppError): Outcome => ({
  ...planned(step),
  rows: 0,
  status: LATER.has(error.code) ? "deferred" : "failed",
  error: { ...error.detail, exitCode: error.exitCode },
});

/** What would become of a step, as far as a plan can tell. */
export const foreseen = (step: Step): Outcome => (step.error ? failed(step, step.error) : planned(step));
