import { UsageError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";
import { DAY, HOUR, MINUTE, type TimeRange } from "./time.ts";

/** Candle lengths in the venue's spelling. `1s` exists on one venue only and is not kept. */
export const INTERVALS = [
  "1m",
  "3m",
  "5m",
  "15m",
  "30m",
  "1h",
  "2h",
  "4h",
  "6h",
  "8h",
  "12h",
  "1d",
  "3d",
  "1w",
  "1M",
] as const;
export type Interval = (typeof INTERVALS)[number];

/** Periods of the open-interest history. */
export const PERIODS = ["5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"] as const;
export type Period = (typeof PERIODS)[number];

const LENGTH: Record<Exclude<Interval, "1M">, number> = {
  "1m": MINUTE,
  "3m": 3 * MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "30m": 30 * MINUTE,
  "1h": HOUR,
  "2h": 2 * HOUR,
  "4h": 4 * HOUR,
  "6h": 6 * HOUR,
  "8h": 8 * HOUR,
  "12h": 12 * HOUR,
  "1d": DAY,
  "3d": 3 * DAY,
  "1w": 7 * DAY,
};

/** 1970-01-05, the first Monday: weeks open on Mondays at 00:00 UTC. */
const MONDAY = 4 * DAY;

function parseOneOf<T extends string>(known: readonly T[], text: string, flag: string, noun: string): T {
  if ((known as readonly string[]).includes(text)) return text as T;
  throw new UsageError(
    `bad-${noun}`,
    `${flag} ${JSON.stringify(text)} is no ${noun}${didYouMean(text, known)} Known: ${known.join(" ")}.`,
    "candlelake ingest --help",
  );
}

export const parseInterval = (text: string, flag = "--interval"): Interval =>
  parseOneOf(INTERVALS, text, flag, "interval");
export const parsePeriod = (text: string, flag = "--period"): Period => parseOneOf(PERIODS, text, flag, "period");

/** Milliseconds of a fixed-length interval; undefined for `1M`, whose length is the calendar's. */
export const fixedLength = (interval: Interval): number | undefined =>
  interval === "1M" ? undefined : LENGTH[interval];

/**
 * The grid of open times of an interval. Everything but `1M` is `anchor + n * length`; months open on the first.
 * The anchor of `3d` is not documented by the venue: it is the first candle's open time.
 */
export interface Grid {
  readonly interval: Interval;
  /** Milliseconds; any open time of the grid. */
  readonly anchor: number;
}

export const gridOf = (interval: Interval, firstOpen?: number): Grid => ({
  interval,
  anchor: interval === "1w" ? MONDAY : interval === "3d" ? (firstOpen ?? 0) : 0,
});

/** The open time of the candle that `time` falls in. */
export function openAt(grid: Grid, time: number): number {
  const length = fixedLength(grid.interval);
  if (length === undefined) {
    const date = new Date(time);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
  return grid.anchor + Math.floor((time - grid.anchor) / length) * length;
}

/** The open time of the candle after the one that opens at `open`. */
export function nextOpen(grid: Grid, open: number): number {
  const length = fixedLength(grid.interval);
  if (length !== undefined) return open + length;
  const date = new Date(open);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** The first open time at or after `time`. */
export function openFrom(grid: Grid, time: number): number {
  const open = openAt(grid, time);
  return open === time ? open : nextOpen(grid, open);
}

export const onGrid = (grid: Grid, time: number): boolean => openAt(grid, time) === time;

/** How many candles open within the range. */
export function countOpens(grid: Grid, range: TimeRange): number {
  const length = fixedLength(grid.interval);
  const first = openFrom(grid, range.from);
  if (first >= range.to) return 0;
  if (length !== undefined) return Math.ceil((range.to - first) / length);
  let count = 0;
  for (let open = first; open < range.to; open = nextOpen(grid, open)) count++;
  return count;
}
