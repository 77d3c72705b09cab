import { type Batch, type Column, concat, isText, numbers, take } from "../core/batch.ts";
import type { Disagreement, Note } from "../core/manifest.ts";
import type { Series } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";
import { type Checked, gapsOf } from "./check.ts";

const MICROS = 1000;

/** One source's checked rows of a partition, under the source's name. */
export interface Version {
  readonly source: string;
  readonly checked: Checked;
}

export interface Reconciled {
  readonly checked: Checked;
  readonly disagreements: readonly Disagreement[];
}

const value = (column: Column, row: number): number | null =>
  isText(column) || (column.valid && !column.valid[row]) ? null : (column.values[row] as number);

/** The columns of numbers in which two rows of one time differ. */
function difference(a: Batch, i: number, b: Batch, j: number): Disagreement["columns"] {
  const columns: Record<string, readonly [number | null, number | null]> = {};
  a.table.columns.forEach((spec, c) => {
    if (spec.type === "STRING") return;
    const both = [value(a.columns[c] as Column, i), value(b.columns[c] as Column, j)] as const;
    if (both[0] !== both[1]) columns[spec.name] = both;
  });
  return columns;
}

function addNotes(a: readonly Note[], b: readonly Note[]): Note[] {
  const counts = new Map<string, number>();
  for (const { kind, count } of [...a, ...b]) counts.set(kind, Math.max(counts.get(kind) ?? 0, count));
  return [...counts].sort().map(([kind, count]) => ({ kind, count }));
}

/**
 * What two sources have of one partition: the rows of either, and of a time that both have the better source's. What
 * both refused stays missing; every refused row is kept as evidence.
 * @param better the source whose version of a row decides
 */
export function reconcile(
  series: Series,
  better: Version,
  other: Version,
  range: TimeRange,
  first: number | undefined,
): Reconciled {
  const [a, b] = [better.checked.batch, other.checked.batch];
  const timesA = numbers(a, a.table.eventTime).values;
  const timesB = numbers(b, b.table.eventTime).values;
  const order: number[] = [];
  const disagreements: Disagreement[] = [];
  for (let i = 0, j = 0; i < a.rows || j < b.rows; ) {
    const [left, right] = [timesA[i] ?? Number.POSITIVE_INFINITY, timesB[j] ?? Number.POSITIVE_INFINITY];
    if (left === right) {
      const columns = difference(a, i, b, j++);
      if (Object.keys(columns).length > 0)
        disagreements.push({ time: left / MICROS, kept: better.source, dropped: other.source, columns });
    }
    if (left <= right) order.push(i++);
    else order.push(a.rows + j++);
  }
  const batch = take(concat(a.table, [a, b]), order);
  const refused = [...better.checked.refused, ...other.checked.refused];
  const gaps = [...better.checked.gaps, ...other.checked.gaps];
  const known = {
    unpublished: gaps.filter((gap) => gap.class === "not-published"),
    missing: gaps.filter((gap) => gap.class === "unknown" || gap.class === "quarantined"),
  };
  const note = disagreements.length > 0 ? [{ kind: "disagreement", count: disagreements.length }] : [];
  return {
    checked: {
      batch,
      gaps: gapsOf(series, batch, range, known, refused, first),
      notes: addNotes([...better.checked.notes, ...note], other.checked.notes),
      refused,
    },
    disagreements,
  };
}
