import { type Batch, type Column, isText, numbers, take } from "../core/batch.ts";
import { type Gap, type GapClass, joinGaps } from "../core/gap.ts";
import { type Grid, nextOpen, onGrid, openFrom } from "../core/interval.ts";
import type { Note } from "../core/manifest.ts";
import { seriesGrid } from "../core/partition.ts";
import type { Series } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";
import { isHalt } from "./halts.ts";

/** A refused row, with the text that the venue sent. */
export interface Refused {
  /** Milliseconds. */
  readonly time: number;
  /** Kebab-case, the kinds of the audit: `off-grid`, `invalid`, `conflict`, `shape`, `type`, `outside`. */
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
}

const MICROS = 1000;

type Judge = (index: number) => string | undefined;

/** A candle's own rules: `low <= open, close <= high`, volumes not negative, takers within the total, closes in time. */
function judgeCandle(batch: Batch, grid: Grid): Judge {
  const column = (name: string) => numbers(batch, name).values;
  const [open, high, low, close] = [column("open"), column("high"), column("low"), column("close")];
  const [volume, quote, trades] = [column("volume"), column("quote_volume"), column("num_trades")];
  const [takerBase, takerQuote] = [column("taker_buy_base_volume"), column("taker_buy_quote_volume")];
  const [opens, ends] = [column("open_time"), column("ts")];
  return (i) => {
    const time = (opens[i] as number) / MICROS;
    if (!onGrid(grid, time)) return "off-grid";
    const [o, h, l, c] = [open[i] as number, high[i] as number, low[i] as number, close[i] as number];
    if (!(l > 0 && l <= o && l <= c && o <= h && c <= h && h < Number.POSITIVE_INFINITY)) return "invalid";
    const [v, q, n] = [volume[i] as number, quote[i] as number, trades[i] as number];
    if (!(v >= 0 && q >= 0 && n >= 0 && v < Number.POSITIVE_INFINITY && q < Number.POSITIVE_INFINITY)) return "invalid";
    const [tb, tq] = [takerBase[i] as number, takerQuote[i] as number];
    if (!(tb >= 0 && tq >= 0 && tb <= v && tq <= q)) return "invalid";
    const end = (ends[i] as number) / MICROS;
    return end > time && end < nextOpen(grid, time) ? undefined : "invalid";
  };
}

/** Zero is how the venue's history writes "no value": it is no open interest. */
function judgeOpenInterest(batch: Batch, grid: Grid): Judge {
  const times = numbers(batch, "time").values;
  const amount = numbers(batch, "open_interest").values;
  const value = numbers(batch, "open_interest_value").values;
  const real = (x: number) => x > 0 && x < Number.POSITIVE_INFINITY;
  return (i) => {
    if (!onGrid(grid, (times[i] as number) / MICROS)) return "off-grid";
    return real(amount[i] as number) && real(value[i] as number) ? undefined : "invalid";
  };
}

function judgeFunding(batch: Batch): Judge {
  const rate = numbers(batch, "funding_rate").values;
  return (i) => (Math.abs(rate[i] as number) < 1 ? undefined : "invalid");
}

function judge(series: Series, batch: Batch, grid: Grid | undefined): Judge {
  if (series.kind === "funding" || !grid) return judgeFunding(batch);
  return series.kind === "open-interest" ? judgeOpenInterest(batch, grid) : judgeCandle(batch, grid);
}

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
  const times = numbers(batch, batch.table.eventTime).values;
  const order = Array.from(times.keys());
  const notes = new Map<string, number>();
  const note = (kind: string) => notes.set(kind, (notes.get(kind) ?? 0) + 1);
  if (!ascending(times)) {
    order.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
    note("unordered");
  }
  const broken = received.broken.filter((row) => row.time >= range.from && row.time < range.to);
  const refused: Refused[] = [...broken];
  const refuse = (index: number, reason: string) => {
    refused.push({ time: (times[index] as number) / MICROS, reason, evidence: received.evidence(index) });
  };
  const verdict = judge(series, batch, grid);
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
  const clean = kept.length === batch.rows && !notes.has("unordered") ? batch : take(batch, kept);
  if (series.kind === "klines" && grid) noteCandles(clean, grid, note);
  const have = numbers(clean, batch.table.eventTime).values;
  const classify = (slot: TimeRange): GapClass => {
    if (refused.some((row) => row.time >= slot.from && row.time < slot.to)) return "quarantined";
    if (received.unpublished.some((gap) => slot.from >= gap.from && slot.from < gap.to)) return "not-published";
    return isHalt(series.venue, series.market, slot) ? "exchange-halt" : "unknown";
  };
  const gaps = grid ? findGaps(grid, range, have, classify) : eventGaps(range, have, received.unpublished, refused);
  return {
    batch: clean,
    gaps,
    notes: [...notes].sort().map(([kind, count]) => ({ kind, count })),
    refused,
  };
}

/** Without a grid only two kinds of gaps can be known: what the venue does not keep, and the places of refused rows. */
function eventGaps(
  range: TimeRange,
  have: Float64Array,
  unpublished: readonly TimeRange[],
  refused: readonly Refused[],
): Gap[] {
  const gone = unpublished.map((gap) => ({ ...clip(gap, range), class: "not-published" as const, bars: 0 }));
  const lost = new Set(refused.map((row) => row.time).filter((time) => !have.includes(time * MICROS)));
  const places = [...lost].map((time) => ({ from: time, to: time + 1, class: "quarantined" as const, bars: 1 }));
  return [...gone.filter((gap) => gap.from < gap.to), ...places].sort((a, b) => a.from - b.from);
}

const clip = (gap: TimeRange, range: TimeRange): TimeRange => ({
  from: Math.max(gap.from, range.from),
  to: Math.min(gap.to, range.to),
});

/** The gaps that are left where rows at `times` (ms) are there after all. */
export function fillGaps(series: Series, gaps: readonly Gap[], times: ReadonlySet<number>, first?: number): Gap[] {
  const grid = seriesGrid(series, first);
  if (!grid) return gaps.filter((gap) => ![...times].some((time) => time >= gap.from && time < gap.to));
  const left: Gap[] = [];
  for (const gap of gaps) {
    for (let time = gap.from; time < gap.to; time = nextOpen(grid, time)) {
      if (!times.has(time)) left.push({ from: time, to: nextOpen(grid, time), class: gap.class, bars: 1 });
    }
  }
  return joinGaps(left);
}

/** Minutes without a trade are real; a close before the nominal one marks a halt. Neither is a fault. */
function noteCandles(batch: Batch, grid: Grid, note: (kind: string) => void): void {
  const volume = numbers(batch, "volume").values;
  const opens = numbers(batch, "open_time").values;
  const ends = numbers(batch, "ts").values;
  for (let i = 0; i < batch.rows; i++) {
    if (volume[i] === 0) note("zero-volume");
    if ((ends[i] as number) / MICROS !== nextOpen(grid, (opens[i] as number) / MICROS) - 1) note("short-close");
  }
}
