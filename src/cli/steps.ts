import type { ErrorDetail } from "../core/errors.ts";
import { fileStem } from "../core/layout.ts";
import { iso } from "../core/time.ts";
import type { Outcome } from "../pipeline/outcome.ts";
import type { Context } from "./context.ts";
import { csv } from "./output.ts";

/** A step as answers have it. */
export function stepJson(context: Context, outcome: Outcome): Record<string, unknown> {
  const { step } = outcome;
  const tail = { rows: outcome.rows, ...(outcome.error ? { error: context.detail(outcome.error) } : {}) };
  if (step.action === "load") {
    const { action, table, month, reason } = step;
    return { action, table, month, status: outcome.status, reason, ...tail };
  }
  const { venue, market, symbol } = step.series;
  return {
    action: step.action,
    table: step.table,
    venue,
    market,
    symbol,
    interval: step.series.step ?? null,
    day: step.day,
    status: outcome.status,
    reason: step.reason,
    source: outcome.source,
    ...(step.action === "fetch" ? { because: step.because } : {}),
    ...tail,
    bytes: outcome.bytes,
    path: step.path,
    sha256: outcome.sha256,
    gaps: outcome.gaps.map((gap) => ({ from: iso(gap.from), to: iso(gap.to), class: gap.class, bars: gap.bars })),
    revised: outcome.revised,
    quarantined: outcome.quarantined,
  };
}

/** A step as logs have it: what one filters by. */
export function stepEvent(context: Context, { step, status, rows, bytes, error }: Outcome): Record<string, unknown> {
  const { code, next } = error ? context.detail(error) : {};
  const place =
    step.action === "load"
      ? { table: step.table, month: step.month }
      : { table: step.table, series: fileStem(step.series), day: step.day };
  return { action: step.action, ...place, status, reason: step.reason, rows, bytes, code, next };
}

/** Lake steps have a day and load steps a month: the table has room for both. */
const COLUMNS = [
  "action",
  "table",
  "venue",
  "market",
  "symbol",
  "interval",
  "day",
  "month",
  "status",
  "reason",
  "source",
  "because",
  "rows",
  "bytes",
  "path",
  "sha256",
  "gaps",
  "revised",
  "quarantined",
  "error",
];

export const stepsCsv = (steps: readonly Readonly<Record<string, unknown>>[]): string =>
  csv(
    steps.map((step) => ({ ...step, error: (step["error"] as ErrorDetail | undefined)?.code })),
    COLUMNS,
  );
