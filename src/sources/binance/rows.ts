import { type Batch, concat, take } from "../../core/batch.ts";
import type { Table } from "../../core/table.ts";
import type { TimeRange } from "../../core/time.ts";
import type { BrokenRow, Page } from "../../ports.ts";

/** What one answer holds, as columns, in the order in which it came. */
export interface Rows {
  readonly batch: Batch;
  /** Event time of a row, milliseconds. */
  time(index: number): number;
  /** The row's own text. */
  evidence(index: number): string;
  readonly broken: readonly BrokenRow[];
}

/** How many rows the answer held, good and broken. */
export const countSent = (rows: Rows): number => rows.batch.rows + rows.broken.length;

/** The latest event time, good or broken; minus infinity where there is none. */
export function latestTime(rows: Rows): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.batch.rows; i++) latest = Math.max(latest, rows.time(i));
  for (const row of rows.broken) latest = Math.max(latest, row.time);
  return latest;
}

/** The rows whose event time lies in the range; `onOutside` hears of the others. */
export function within(rows: Rows, range: TimeRange, onOutside: (row: BrokenRow) => void): Rows {
  const inside = (time: number) => time >= range.from && time < range.to;
  const kept: number[] = [];
  for (let i = 0; i < rows.batch.rows; i++) {
    const time = rows.time(i);
    if (inside(time)) kept.push(i);
    else onOutside({ time, reason: "outside", evidence: rows.evidence(i) });
  }
  const broken = rows.broken.filter((row) => inside(row.time));
  for (const row of rows.broken) if (!inside(row.time)) onOutside(row);
  if (kept.length === rows.batch.rows) return { ...rows, broken };
  const original = (index: number) => kept[index] as number;
  return {
    batch: take(rows.batch, kept),
    time: (index) => rows.time(original(index)),
    evidence: (index) => rows.evidence(original(index)),
    broken,
  };
}

/** Says that everything before `until` was delivered. */
export function emptyPage(table: Table, until: number): Page {
  return { batch: concat(table, []), evidence: () => "", broken: [], unpublished: [], until };
}
