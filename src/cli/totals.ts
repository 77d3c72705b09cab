import type { Outcome } from "../pipeline/outcome.ts";

export interface Usage {
  readonly requests: number;
  readonly retries: number;
}

/** Sums over the steps of an answer. `usage` is what carrying them out asked of the venues. */
export function totals(outcomes: readonly Outcome[], usage: Usage = { requests: 0, retries: 0 }) {
  const of = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
  const done = outcomes.filter((outcome) => outcome.status === "done");
  const made = done.filter((outcome) => outcome.step.action !== "load");
  const loads = done.filter((outcome) => outcome.step.action === "load");
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
    bytesUploaded: 0,
    requests: usage.requests,
    retries: usage.retries,
    loadJobs: loads.length,
    rowsLoaded: sum(loads, "rows"),
    bytesBilled: 0,
  };
}
