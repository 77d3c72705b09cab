import { countOpens, fixedLength, type Grid, gridOf, type Interval, nextOpen, openAt, openFrom } from "./interval.ts";
import type { Series } from "./series.ts";
import { DAY, type Day, dayRange, HOUR, MINUTE, startOfDay, type TimeRange, timeOfDay } from "./time.ts";

/**
 * How long after its last row closed a partition is read once more before it counts as settled: the venue may still
 * correct the last few candles.
 */
export const SETTLE = 5 * MINUTE;

/** The grid of a series' event times; undefined for funding, whose events follow no grid. */
export const seriesGrid = (series: Series, first?: number): Grid | undefined =>
  series.kind === "funding" ? undefined : gridOf(series.step as Interval, first);

const isCandle = (series: Series): boolean => series.kind === "klines" || series.kind === "metrics";

/** Event times below this are final at `now`: candles must have closed, values must have been known. */
export function finalBefore(series: Series, now: number, first?: number): number {
  const grid = seriesGrid(series, first);
  return isCandle(series) && grid ? openAt(grid, now) : now + 1;
}

/** When the last row of the day's partition is final: the close of its last candle, or the day's end. */
export function closesAt(series: Series, day: Day, first?: number): number {
  const { from, to } = dayRange(day);
  const grid = seriesGrid(series, first);
  if (!isCandle(series) || !grid) return to;
  const last = openAt(grid, to - 1);
  return last < from ? to : nextOpen(grid, last);
}

/** A stored partition that was read at or after this time is never read again by itself. */
export const settlesAt = (series: Series, day: Day, first?: number): number => closesAt(series, day, first) + SETTLE;

/** Steps with the time at which something new may have appeared: a new candle, a new value, an hour for funding. */
function tick(series: Series, time: number, first?: number): number {
  const grid = seriesGrid(series, first);
  return grid ? openAt(grid, time) : Math.floor(time / HOUR) * HOUR;
}

/** Whether rows that were read at `asOf` may be fewer or other than what `now` would give. */
export function isDue(series: Series, day: Day, asOf: number, now: number, first?: number): boolean {
  const settled = settlesAt(series, day, first);
  if (asOf >= settled) return false;
  if (now >= settled) return true;
  const end = closesAt(series, day, first);
  return Math.min(tick(series, now, first), end) > Math.min(tick(series, asOf, first), end);
}

/** The event times of a day's partition that are final at `now` and not before the series began. */
export function finalRange(series: Series, day: Day, now: number, first?: number): TimeRange {
  const { from, to } = dayRange(day);
  return { from: Math.max(from, first ?? from), to: Math.min(to, finalBefore(series, now, first)) };
}

/** Whether the day has, or can have, final rows at `now`. A day in which `1w` opens no candle has none. */
export function hasRows(series: Series, day: Day, now: number, first?: number): boolean {
  const range = finalRange(series, day, now, first);
  if (range.from >= range.to) return false;
  const grid = seriesGrid(series, first);
  return grid === undefined || countOpens(grid, range) > 0;
}

/**
 * Days `[from, to]` of values that the candles of a day look back on at their closes, `lookBack` ms at most.
 * Long candles close on a later day than they open.
 */
export function inputDays(series: Series, day: Day, lookBack: number, first?: number): TimeRange {
  const { from, to } = dayRange(day);
  const grid = seriesGrid(series, first);
  if (!grid) return { from, to };
  const firstOpen = openFrom(grid, from);
  const earliest = nextOpen(grid, firstOpen) - 1 - lookBack;
  const latest = closesAt(series, day, first) - 1;
  return { from: timeOfDay(new Date(earliest).toISOString().slice(0, 10)), to: Math.floor(latest / DAY) * DAY + DAY };
}

/**
 * Whole days whose rows may look at values of `range`: closes after its end look back into it, and candles longer than
 * a day that opened before it close within.
 */
export function lookingDays(series: Series, range: TimeRange, lookBack: number): TimeRange {
  const length = fixedLength(series.step as Interval) ?? 31 * DAY;
  return {
    from: startOfDay(range.from - Math.max(0, length - DAY)),
    to: range.to + Math.ceil(lookBack / DAY) * DAY,
  };
}
