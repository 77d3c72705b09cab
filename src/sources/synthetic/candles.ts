import { countOpens, gridOf, type Interval, nextOpen, openAt, openFrom } from "../../core/interval.ts";
import { MINUTE, type TimeRange } from "../../core/time.ts";
import { LIMB } from "./decimal.ts";
import { type Minutes, makeMinutes } from "./minutes.ts";
import type { Instrument } from "./symbols.ts";

/** Minutes made at a time: enough to be quick, few enough to stay in the processor's cache. */
const BLOCK = 4_096;

/** Candles of one instrument and interval in whole units (ticks, lots, tick × lot), ascending. */
export interface Candles {
  readonly of: Instrument;
  readonly rows: number;
  /** Milliseconds. */
  readonly openTime: Float64Array;
  readonly closeTime: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly lots: Float64Array;
  /** In two limbs: a busy month has more digits than a double. */
  readonly quote: Wide;
  readonly trades: Float64Array;
  readonly takerLots: Float64Array;
  readonly takerQuote: Wide;
}

/** A column of `high × LIMB + low`. */
export interface Wide {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

const wide = (rows: number): Wide => ({ high: new Float64Array(rows), low: new Float64Array(rows) });

/** What the minute that is still open shows after `part` of it: some of its trades, and no more than it will have. */
function showPart(minutes: Minutes, row: number, part: number): void {
  const open = minutes.open[row] as number;
  const close = Math.round(open + ((minutes.close[row] as number) - open) * part);
  const some = (column: Float64Array, least: number): number =>
    (column[row] = Math.max(least, Math.floor((column[row] as number) * part)));
  const lots = some(minutes.lots, 2);
  const taker = Math.min(lots - 1, some(minutes.takerLots, 1));
  minutes.takerLots[row] = taker;
  minutes.high[row] = Math.max(open, close);
  minutes.low[row] = Math.min(open, close);
  minutes.close[row] = close;
  minutes.takerQuote[row] = taker * open;
  minutes.quote[row] = lots * open;
  some(minutes.trades, 1);
}

/**
 * Candles whose open time lies in `range`, the first `limit` of them. Every candle is exactly what its minutes add up to.
 * Nothing before the listing or after `now`; the last candle may still be open then.
 */
export function makeCandles(
  of: Instrument,
  interval: Interval,
  range: TimeRange,
  now: number,
  limit = Infinity,
): Candles {
  const grid = gridOf(interval);
  const start = Math.max(range.from, openAt(grid, of.listed));
  const rows = Math.min(limit, countOpens(grid, { from: start, to: Math.min(range.to, now + 1) }));
  const column = (): Float64Array => new Float64Array(rows);
  const candles: Candles = {
    of,
    rows,
    openTime: column(),
    closeTime: column(),
    open: column(),
    high: column(),
    low: column().fill(Infinity),
    close: column(),
    lots: column(),
    quote: wide(rows),
    trades: column(),
    takerLots: column(),
    takerQuote: wide(rows),
  };
  if (rows === 0) return candles;

  for (let row = 0, open = openFrom(grid, start); row < rows; row++) {
    candles.openTime[row] = open;
    open = nextOpen(grid, open);
    candles.closeTime[row] = open - 1;
  }
  const first = Math.max(of.listed, candles.openTime[0] as number) / MINUTE;
  const openMinute = Math.floor(now / MINUTE);
  const last = Math.min(openMinute, Math.floor((candles.closeTime[rows - 1] as number) / MINUTE));
  let row = 0;
  for (let from = first; from <= last; from += BLOCK) {
    const minutes = makeMinutes(of, from, Math.min(BLOCK, last - from + 1));
    if (openMinute < from + minutes.open.length && openMinute >= from) {
      showPart(minutes, openMinute - from, (now - openMinute * MINUTE) / MINUTE);
    }
    row = addMinutes(candles, row, minutes, from);
  }
  return candles;
}

/** Adds the minutes from `from` on to the candles from `row` on; returns the row that the next minute belongs to. */
function addMinutes(candles: Candles, row: number, minutes: Minutes, from: number): number {
  const count = minutes.open.length;
  for (let start = 0; start < count; ) {
    const close = ((candles.closeTime[row] as number) + 1) / MINUTE - from;
    const end = Math.min(close, count);
    addRun(candles, row, minutes, start, end);
    if (end === close) row++;
    start = end;
  }
  return row;
}

/** Adds the minutes `[start, end)` to one candle. */
function addRun(candles: Candles, row: number, minutes: Minutes, start: number, end: number): void {
  let high = candles.high[row] as number;
  let low = candles.low[row] as number;
  let lots = candles.lots[row] as number;
  let trades = candles.trades[row] as number;
  let takerLots = candles.takerLots[row] as number;
  let quoteHigh = candles.quote.high[row] as number;
  let quoteLow = candles.quote.low[row] as number;
  let takerHigh = candles.takerQuote.high[row] as number;
  let takerLow = candles.takerQuote.low[row] as number;
  if (lots === 0) candles.open[row] = minutes.open[start] as number;
  candles.close[row] = minutes.close[end - 1] as number;
  for (let i = start; i < end; i++) {
    high = Math.max(high, minutes.high[i] as number);
    low = Math.min(low, minutes.low[i] as number);
    lots += minutes.lots[i] as number;
    trades += minutes.trades[i] as number;
    takerLots += minutes.takerLots[i] as number;
    const quote = minutes.quote[i] as number;
    const quoteLimb = Math.floor(quote / LIMB);
    quoteHigh += quoteLimb;
    quoteLow += quote - quoteLimb * LIMB;
    const taker = minutes.takerQuote[i] as number;
    const takerLimb = Math.floor(taker / LIMB);
    takerHigh += takerLimb;
    takerLow += taker - takerLimb * LIMB;
  }
  candles.high[row] = high;
  candles.low[row] = low;
  candles.lots[row] = lots;
  candles.trades[row] = trades;
  candles.takerLots[row] = takerLots;
  carry(candles.quote, row, quoteHigh, quoteLow);
  carry(candles.takerQuote, row, takerHigh, takerLow);
}

/** Stores a sum whose low limb may have run over. */
function carry(sum: Wide, row: number, high: number, low: number): void {
  const over = Math.floor(low / LIMB);
  sum.high[row] = high + over;
  sum.low[row] = low - over * LIMB;
}
