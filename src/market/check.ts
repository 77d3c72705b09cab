import { type Batch, type Column, isText, numbers, take } from "../core/batch.ts";
import { type Gap, type GapClass, joinGaps } from "../core/gap.ts";
import { countOpens, type Grid, nextOpen, openFrom } from "../core/interval.ts";
import type { Note } from "../core/manifest.ts";
import { seriesGrid } from "../core/partition.ts";
import type { Series } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";
import { holeWithin, unfilled } from "./event-gaps.ts";
import { isHalt } from "./halts.ts";
import { isFlawless, type Judge, judge, noteCandles } from "./judge.ts";
import { withoutZeros } from "./open-interest.ts";

/** A refused row, with the text that the venue sent. */
export interface Refused {
  /** Milliseconds. */
  readonly time: number;
  /**
   * Kebab-case, the kinds of the audit: `off-grid`, `invalid`, `conflict`, `shape`, `type`, `blank`, `time-unit`, `key`,
   * `outside`.
   */
  readonly reason: string;
  readonly evidence: string;
}

export interface Checked {
  /** Ascending, unique, final, on the grid, possible. */
  readonly batch: Batch;
  readonly gaps: readonly Gap[];
  readonly notes: readonly Note[];
  readonly refused: readonly Refused[];
}

/** What came for one partition, unchecked. */
export interface Received {
  /** Rows of the day, in the order in which they came. */
  readonly batch: Batch;
  evidence(index: number): string;
  readonly broken: readonly Refused[];
  /** Stretches that the venue does not keep. */
  readonly unpublished: readonly TimeRange[];
  /** Where events are missing, of a series without a grid; they may reach beyond the partition. */
  readonly missing?: readonly Gap[];
}

const MICROS = 1000;

function sameRow(batch: Batch, a: number, b: number): boolean {
  return batch.columns.every((column: Column) => {
    if (isText(column)) return !column.codes || column.codes[a] === column.codes[b];
    const [left, right] = column.valid ? [column.valid[a], column.valid[b]] : [1, 1];
    return left === right && (left === 0 || column.values[a] === column.values[b]);
  });
}

function ascending(times: Float64Array): boolean {
  for (let i = 1; i < times.length; i++) if ((times[i] as number) < (times[i - 1] as number)) return false;
  return true;
}

/** The grid's times in `range` that no row has, as runs of one class. */
function findGaps(grid: Grid, range: TimeRange, have: Float64Array, classify: (slot: TimeRange) => GapClass): Gap[] {
  const missing: Gap[] = [];
  let next = 0;
  for (let time = openFrom(grid, range.from); time < range.to; time = nextOpen(grid, time)) {
    if ((have[next] as number) / MICROS === time) {
      next++;
      continue;
    }
    const slot = { from: time, to: nextOpen(grid, time) };
    missing.push({ ...slot, class: classify(slot), bars: 1 });
  }
  return joinGaps(missing);
}

/**
 * Splits what came for a day into rows that may be stored and rows that may not, and names what is missing.
 * @param range the event times that are final; rows outside it are left out without a word (still open, not yet listed)
 */
export function check(series: Series, received: Received, range: TimeRange, first?: number): Checked {
  const { batch } = received;
  const grid = seriesGrid(series, first);
  const notes = new Map<string, number>();
  const note = (kind: string) => notes.set(kind, (notes.get(kind) ?? 0) + 1);
  const { clean: sound, refused } = isFlawless(series, batch, grid, range)
    ? { clean: batch, refused: [] }
    : separate(received, range, judge(series, batch, grid), note);
  const clean = series.kind === "open-interest" ? withoutZeros(sound, note) : sound;
  const broken = received.broken.filter((row) => row.time >= range.from && row.time < range.to);
  const all = [...broken, ...refused];
  if (series.kind === "klines" && grid) noteCandles(clean, grid, note);
  return {
    batch: clean,
    gaps: gapsOf(series, clean, range, received, all, first),
    notes: [...notes].sort().map(([kind, count]) => ({ kind, count })),
    refused: all,
  };
}

/** Rows that may be stored, in order, and those that may not. */
function separate(
  { batch, evidence }: Received,
  range: TimeRange,
  verdict: Judge,
  note: (kind: string) => void,
): { readonly clean: Batch; readonly refused: Refused[] } {
  const times = numbers(batch, batch.table.eventTime).values;
  const order = Array.from(times.keys());
  const sorted = ascending(times);
  if (!sorted) {
    order.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
    note("unordered");
  }
  const refused: Refused[] = [];
  const refuse = (index: number, reason: string) => {
    refused.push({ time: (times[index] as number) / MICROS, reason, evidence: evidence(index) });
  };
  const kept: number[] = [];
  for (let at = 0; at < order.length; ) {
    const index = order[at] as number;
    const time = times[index] as number;
    let end = at + 1;
    while (end < order.length && times[order[end] as number] === time) end++;
    const group = order.slice(at, end);
    at = end;
    if (time / MICROS < range.from || time / MICROS >= range.to) continue;
    const wrong = group.map(verdict);
    const conflict = group.some((row) => !sameRow(batch, index, row));
    if (conflict || wrong.some((reason) => reason)) {
      for (const [i, row] of group.entries()) refuse(row, wrong[i] ?? (conflict ? "conflict" : "invalid"));
      continue;
    }
    for (let copy = 1; copy < group.length; copy++) note("duplicate");
    kept.push(index);
  }
  return { clean: kept.length === batch.rows && sorted ? batch : take(batch, kept), refused };
}

/**
 * What is missing of a range, and why: rows of it that were refused, not kept by the venue, or never made.
 * @param known stretches that the venue does not keep, and where events were missing before these rows came
 */
export function gapsOf(
  series: Series,
  batch: Batch,
  range: TimeRange,
  known: Pick<Received, "unpublished" | "missing">,
  refused: readonly Refused[],
  first?: number,
): Gap[] {
  const { unpublished, missing = [] } = known;
  const grid = seriesGrid(series, first);
  const have = numbers(batch, batch.table.eventTime).values;
  if (!grid) return eventGaps(range, have, unpublished, missing, refused);
  if (have.length === countOpens(grid, range)) return [];
  return findGaps(grid, range, have, (slot) => {
    if (refused.some((row) => row.time >= slot.from && row.time < slot.to)) return "quarantined";
    if (unpublished.some((gap) => slot.from >= gap.from && slot.from < gap.to)) return "not-published";
    return isHalt(series.venue, series.market, slot) ? "exchange-halt" : "unknown";
  });
}

/**
 * Without a grid only three kinds of gaps can be known: what the venue does not keep, the places of refused rows, and
 * those of events that others tell of.
 */
function eventGaps(
  range: TimeRange,
  have: Float64Array,
  unpublished: readonly TimeRange[],
  missing: readonly Gap[],
  refused: readonly Refused[],
): Gap[] {
  const gone = unpublished.map((gap) => ({ ...clip(gap, range), class: "not-published" as const, bars: 0 }));
  const lost = new Set(refused.map((row) => row.time).filter((time) => !have.includes(time * MICROS)));
  const places = [...lost].map((time) => ({ from: time, to: time + 1, class: "quarantined" as const, bars: 1 }));
  const told = [...have].map((time) => time / MICROS).concat([...lost]);
  const holes = missing.flatMap((hole) => holeWithin(hole, range) ?? []).flatMap((hole) => unfilled(hole, told));
  return [...gone.filter((gap) => gap.from < gap.to), ...holes, ...places].sort((a, b) => a.from - b.from);
}

const clip = (gap: TimeRange, range: TimeRange): TimeRange => ({
  from: Math.max(gap.from, range.from),
  to: Math.min(gap.to, range.to),
});

/** The gaps that are left where rows at `times` (ms) are there after all. */
export function fillGaps(series: Series, gaps: readonly Gap[], times: ReadonlySet<number>, first?: number): Gap[] {
  const grid = seriesGrid(series, first);
  if (!grid) return gaps.flatMap((gap) => unfilled(gap, [...times]));
  const left: Gap[] = [];
  for (const gap of gaps) {
    for (let time = gap.from; time < gap.to; time = nextOpen(grid, time)) {
      if (!times.has(time)) left.push({ from: time, to: nextOpen(grid, time), class: gap.class, bars: 1 });
    }
  }
  return joinGaps(left);
}
