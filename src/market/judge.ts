import { type Batch, numbers } from "../core/batch.ts";
import { fixedLength, type Grid, nextOpen, onGrid } from "../core/interval.ts";
import type { Series } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";

/** Why a row may not be stored; undefined where it may. */
export type Judge = (index: number) => string | undefined;

const MICROS = 1000;

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

/** Zero is how the venue's history writes "no value": it is no open interest, and beside one its value is not known. */
function judgeOpenInterest(batch: Batch, grid: Grid): Judge {
  const times = numbers(batch, "time").values;
  const amount = numbers(batch, "open_interest").values;
  const value = numbers(batch, "open_interest_value").values;
  const real = (x: number) => x > 0 && x < Number.POSITIVE_INFINITY;
  return (i) => {
    if (!onGrid(grid, (times[i] as number) / MICROS)) return "off-grid";
    const isPossible = value[i] === 0 || real(value[i] as number);
    return real(amount[i] as number) && isPossible ? undefined : "invalid";
  };
}

function judgeFunding(batch: Batch): Judge {
  const rate = numbers(batch, "funding_rate").values;
  return (i) => (Math.abs(rate[i] as number) < 1 ? undefined : "invalid");
}

export function judge(series: Series, batch: Batch, grid: Grid | undefined): Judge {
  if (series.kind === "funding" || !grid) return judgeFunding(batch);
  return series.kind === "open-interest" ? judgeOpenInterest(batch, grid) : judgeCandle(batch, grid);
}

/** What nearly every day is: rows in the range, ascending, each once, none of them to be refused. */
export function isFlawless(series: Series, batch: Batch, grid: Grid | undefined, { from, to }: TimeRange): boolean {
  const times = numbers(batch, batch.table.eventTime).values;
  if (!isAscending(times, from * MICROS, to * MICROS)) return false;
  const length = grid && series.kind === "klines" ? fixedLength(grid.interval) : undefined;
  if (grid && length) return areCandles(batch, grid.anchor * MICROS, length * MICROS);
  const verdict = judge(series, batch, grid);
  for (let i = 0; i < batch.rows; i++) if (verdict(i) !== undefined) return false;
  return true;
}

function isAscending(times: Float64Array, from: number, to: number): boolean {
  let last = from - 1;
  for (let i = 0; i < times.length; i++) {
    const time = times[i] as number;
    if (!(time > last)) return false;
    last = time;
  }
  return last < to;
}

/**
 * `judgeCandle` for all rows at once, on a grid of one length (microseconds): a loop a rule, so that each keeps to the
 * columns that it compares. Most of the rows of a backfill see no other judge.
 */
function areCandles(batch: Batch, anchor: number, length: number): boolean {
  const column = (name: string) => numbers(batch, name).values;
  const [high, low] = [column("high"), column("low")];
  return (
    areTimed(column("open_time"), column("ts"), anchor, length) &&
    areBetween(low, column("open"), high) &&
    areBetween(low, column("close"), high) &&
    areParts(column("taker_buy_base_volume"), column("volume")) &&
    areParts(column("taker_buy_quote_volume"), column("quote_volume")) &&
    areParts(column("num_trades"), column("num_trades"))
  );
}

/** They open on the grid and close before the next one opens. */
function areTimed(opens: Float64Array, ends: Float64Array, anchor: number, length: number): boolean {
  for (let i = 0; i < opens.length; i++) {
    const open = opens[i] as number;
    const since = open - anchor;
    if (Math.floor(since / length) * length !== since) return false;
    const lasts = (ends[i] as number) - open;
    if (!(lasts > 0 && lasts < length)) return false;
  }
  return true;
}

function areBetween(low: Float64Array, values: Float64Array, high: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const least = low[i] as number;
    const most = high[i] as number;
    if (!(least > 0 && least <= value && value <= most && most < Number.POSITIVE_INFINITY)) return false;
  }
  return true;
}

function areParts(parts: Float64Array, wholes: Float64Array): boolean {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as number;
    const whole = wholes[i] as number;
    if (!(part >= 0 && part <= whole && whole < Number.POSITIVE_INFINITY)) return false;
  }
  return true;
}

/** Minutes without a trade are real; a close before the nominal one marks a halt. Neither is a fault. */
export function noteCandles(batch: Batch, grid: Grid, note: (kind: string) => void): void {
  const volume = numbers(batch, "volume").values;
  const opens = numbers(batch, "open_time").values;
  const ends = numbers(batch, "ts").values;
  const length = fixedLength(grid.interval);
  for (let i = 0; i < batch.rows; i++) {
    if (volume[i] === 0) note("zero-volume");
    const open = (opens[i] as number) / MICROS;
    const next = length === undefined ? nextOpen(grid, open) : open + length;
    if ((ends[i] as number) / MICROS !== next - 1) note("short-close");
  }
}
