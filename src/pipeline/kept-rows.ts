import { type Batch, concat, numbers, take } from "../core/batch.ts";
import type { Gap } from "../core/gap.ts";
import type { Series } from "../core/series.ts";
import { type Day, dayRange } from "../core/time.ts";
import { check, fillGaps } from "../market/check.ts";

const MICROS = 1000;

/** Rows of a day, and what is missing of it. */
export interface DayRows {
  readonly batch: Batch;
  readonly gaps: readonly Gap[];
}

/** Event time of a row, in milliseconds. */
export const timeAt = (batch: Batch, row: number): number =>
  (numbers(batch, batch.table.eventTime).values[row] as number) / MICROS;

/** Event times that were stored before and did not come this time, as rows of the stored batch. */
export function missingRows(stored: Batch, came: Batch): number[] {
  const have = new Set(numbers(came, came.table.eventTime).values);
  const before = numbers(stored, stored.table.eventTime).values;
  return [...before.keys()].filter((row) => !have.has(before[row] as number));
}

/** What came, with stored rows that did not; the same where none is missing. */
export function withRows<Came extends DayRows>(
  series: Series,
  came: Came,
  stored: Batch,
  missing: readonly number[],
  first?: number,
): Came {
  if (missing.length === 0) return came;
  const joined = concat(came.batch.table, [came.batch, take(stored, missing)]);
  const times = numbers(joined, joined.table.eventTime).values;
  const order = [...times.keys()].sort((a, b) => (times[a] as number) - (times[b] as number));
  const filled = new Set(missing.map((row) => timeAt(stored, row)));
  return { ...came, batch: take(joined, order), gaps: fillGaps(series, came.gaps, filled, first) };
}

/** Rows of an object that no entry vouches for, once they pass the check anew; undefined where one does not. */
export function rechecked(series: Series, day: Day, batch: Batch, first?: number): Batch | undefined {
  const received = { batch, evidence: () => "", broken: [], unpublished: [] };
  return check(series, received, dayRange(day), first).batch.rows === batch.rows ? batch : undefined;
}
