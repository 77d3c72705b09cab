import { DAY, HOUR, MINUTE } from "../../core/time.ts";
import { hash, streamOf } from "./hash.ts";
import { fractal, growth } from "./noise.ts";
import type { Instrument } from "./symbols.ts";

/** Minutes of a made market, all in whole units: ticks, lots, and tick × lot for amounts of the quote asset. */
export interface Minutes {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly lots: Float64Array;
  /** Below 2^53 each. */
  readonly quote: Float64Array;
  readonly trades: Float64Array;
  readonly takerLots: Float64Array;
  readonly takerQuote: Float64Array;
}

/** How busy the hours of a UTC day are, the first one at midnight. */
const HOURS = [
  1.0, 0.95, 0.9, 0.8, 0.7, 0.65, 0.7, 0.85, 1.0, 1.0, 0.95, 0.9, 1.05, 1.35, 1.7, 1.65, 1.45, 1.2, 1.05, 1.0, 0.95,
  0.9, 0.85, 0.9,
];
const MINUTES_A_DAY = DAY / MINUTE;
const PROFILE = Float64Array.from({ length: MINUTES_A_DAY }, (_, minute) => {
  const hour = Math.floor((minute * MINUTE) / HOUR);
  const part = (minute * MINUTE - hour * HOUR) / HOUR;
  return (HOURS[hour] as number) * (1 - part) + (HOURS[(hour + 1) % 24] as number) * part;
});
const WEEKEND = 0.65;

/** Calm and busy stretches of hours to weeks. */
const REGIME = { shortest: 8, longest: 14, amplitude: 0.004 };
/** The walk of the price: below about an hour it is louder when the market is busy. */
const FAST = { shortest: 0, longest: 5, amplitude: 0.87 };
const SLOW = { shortest: 6, longest: 19, amplitude: 0.87 };
/** Futures stand some basis points off spot. */
const BASIS = { shortest: 5, longest: 12, amplitude: 0.000006 };

/** Turnover relative to the usual at the minutes `from … from + length - 1`. */
function activity(of: Instrument, from: number, length: number): Float64Array {
  const busy = fractal(from, length, streamOf(of.seed, `${of.symbol} busy`), REGIME);
  for (let i = 0; i < length; i++) {
    const minute = from + i;
    const day = Math.floor(minute / MINUTES_A_DAY);
    const weekday = (day + 4) % 7;
    const week = weekday === 0 || weekday === 6 ? WEEKEND : 1;
    busy[i] = growth(busy[i] as number) * (PROFILE[minute - day * MINUTES_A_DAY] as number) * week;
  }
  return busy;
}

/** Prices in ticks at the instants `from … from + busy.length - 1`. */
function walk(of: Instrument, from: number, busy: Float64Array): Float64Array {
  const stream = (use: string): number => streamOf(of.seed, `${of.symbol} ${use}`);
  const fast = fractal(from, busy.length, stream("fast"), FAST);
  const slow = fractal(from, busy.length, stream("slow"), SLOW);
  const basis = of.market === "um" ? fractal(from, busy.length, stream("basis"), BASIS) : undefined;
  const level = of.level * 10 ** of.tick;
  const ticks = new Float64Array(busy.length);
  for (let i = 0; i < ticks.length; i++) {
    const move = of.volatility * ((slow[i] as number) + (fast[i] as number) * Math.sqrt(busy[i] as number));
    ticks[i] = Math.max(2, Math.round(level * growth(move + (basis ? (basis[i] as number) : 0))));
  }
  return ticks;
}

/** Prices in ticks at the minutes `from … from + length - 1`; each is the open of its minute. */
export const prices = (of: Instrument, from: number, length: number): Float64Array =>
  walk(of, from, activity(of, from, length));

/** Two numbers in [0, 1) from one hash. */
const upper = (bits: number): number => (bits >>> 16) / 65_536;
const lower = (bits: number): number => (bits & 0xffff) / 65_536;

/**
 * The minutes `from … from + count - 1` (minutes since the epoch), as if they all had closed. The price moves from
 * instant to instant, so that a minute opens where the one before it closed; everything else is hashed from its number.
 */
export function makeMinutes(of: Instrument, from: number, count: number): Minutes {
  const busy = activity(of, from, count + 1);
  const price = walk(of, from, busy);
  const stream = (use: string): number => streamOf(of.seed, `${of.symbol} ${of.market} ${use}`);
  const wicks = stream("wicks");
  const sizes = stream("sizes");
  const sides = stream("sides");
  const column = (): Float64Array => new Float64Array(count);
  const high = column();
  const low = column();
  const lots = column();
  const quote = column();
  const trades = column();
  const takerLots = column();
  const takerQuote = column();
  const perLot = of.turnover * 10 ** (of.tick + of.lot);

  for (let i = 0; i < count; i++) {
    const open = price[i] as number;
    const close = price[i + 1] as number;
    const busyNow = busy[i] as number;

    const wick = hash(wicks, from + i);
    const reach = open * of.volatility * Math.sqrt(busyNow) * 1.5;
    const up = upper(wick);
    const down = lower(wick);
    const top = Math.max(open, close) + Math.floor(reach * up * up);
    const bottom = Math.max(1, Math.min(open, close) - Math.floor(reach * down * down));

    const size = hash(sizes, from + i);
    const burst = upper(size);
    const traded = Math.max(4, Math.round((perLot / open) * busyNow * (0.3 + 2.8 * burst * burst * burst)));
    const average = 400 + 1_200 * lower(size);

    const side = hash(sides, from + i);
    const share = Math.min(0.95, Math.max(0.05, 0.5 + 0.6 * (upper(side) - 0.5) + (close > open ? 0.08 : -0.08)));
    const bought = Math.min(traded - 1, Math.max(1, Math.round(traded * share)));
    const tilt = lower(side);
    const range = top - bottom;
    // Buyers and sellers have an average price each within the candle; both amounts are whole, and so is their sum.
    const paid = Math.round((bottom + range * (0.3 + 0.4 * tilt)) * bought);
    const got = Math.round((bottom + range * (0.7 - 0.4 * tilt)) * (traded - bought));

    high[i] = top;
    low[i] = bottom;
    lots[i] = traded;
    takerLots[i] = bought;
    takerQuote[i] = paid;
    quote[i] = paid + got;
    trades[i] = Math.min(traded, 1 + Math.floor((of.turnover * busyNow * (0.3 + burst)) / average));
  }
  return {
    open: price.subarray(0, count),
    high,
    low,
    close: price.subarray(1),
    lots,
    quote,
    trades,
    takerLots,
    takerQuote,
  };
}
