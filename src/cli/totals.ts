import type { Outcome } from "../pipeline/outcome.ts";

export interface Usage {
  readonly requests: number;
  readonly retries: number;
  /** That the warehouse ran to bring rows. */
  readonly loadJobs: number;
}

/**
 * Sums over the steps of an answer. `usage` is what the command asked of the venues from its start, their clocks included,
 * and of the warehouse; where there was nothing to do everything is 0.
 */
export function totals(outcomes: readonly Outcome[], usage: Usage = { requests: 0, retries: 0, loadJobs: 0 }) {
  const of = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
  const done = outcomes.filter((outcome) => outcome.status === "done");
  // A day that is deferred for a hole in it, or fails of a file that would have better ones, has rows all the same.
  const made = outcomes.filter(({ step }) => step.action === "fetch" || step.action === "derive");
  const loads = done.filter((outcome) => outcome.step.action === "load");
  const uploads = done.filter((outcome) => outcome.step.action === "upload");
  const sum = (from: readonly Outcome[], member: "rows" | "bytes") =>
    from.reduce((total, outcome) => total + outcome[member], 0);
  return {
    planned: outcomes.length,
    done: done.length,
    unchanged: of("unchanged"),
    deferred: of("deferred"),
    failed: of("failed"),
    rows: sum(made, "rows"),
    bytesWritten: sum(made, "bytes"),
    bytesUploaded: sum(uploads, "bytes"),
    requests: outcomes.length > 0 ? usage.requests : 0,
    retries: outcomes.length > 0 ? usage.retries : 0,
    loadJobs: outcomes.length > 0 ? usage.loadJobs : 0,
    rowsLoaded: sum(loads, "rows"),
    // Nothing that is done to a warehouse is billed; queries are, and have no steps.
    bytesBilled: 0,
  };
}
