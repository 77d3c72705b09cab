import { gridOf, nextOpen, type Period } from "../../core/interval.ts";
import { DAY, MINUTE } from "../../core/time.ts";
import { streamOf } from "./hash.ts";
import { prices } from "./minutes.ts";
import { fractal, growth } from "./noise.ts";
import type { Instrument } from "./symbols.ts";

export interface OpenInterest {
  readonly rows: number;
  /** Milliseconds; the instants of the snapshots, multiples of the period. */
  readonly time: Float64Array;
  readonly lots: Float64Array;
  /** lots × ticks. */
  readonly value: Float64Array;
}

/** Slow swings, from a quarter of an hour to a week and a half. */
const SWING = { shortest: 4, longest: 14, amplitude: 0.0016 };
/** Days of turnover that stand open. */
const DAYS_OPEN = 0.6;

/** Milliseconds between two snapshots. */
export const periodLength = (period: Period): number => nextOpen(gridOf(period), 0);

/** Snapshots in `[from, to)`, not after `now`. Made of the minutes between, so ask for a month rather than years. */
export function openInterest(of: Instrument, period: Period, from: number, to: number, now: number): OpenInterest {
  const length = periodLength(period);
  const first = Math.ceil(Math.max(from, of.listed + 1) / length) * length;
  const rows = Math.max(0, Math.floor((Math.min(to - 1, now) - first) / length) + 1);
  const time = new Float64Array(rows);
  const lots = new Float64Array(rows);
  const value = new Float64Array(rows);
  if (rows === 0) return { rows, time, lots, value };

  const step = length / MINUTE;
  const minutes = (rows - 1) * step + 1;
  const price = prices(of, first / MINUTE, minutes);
  const swing = fractal(first / MINUTE, minutes, streamOf(of.seed, `${of.symbol} open interest`), SWING);
  const usual = ((of.turnover * DAYS_OPEN * DAY) / MINUTE / of.level) * 10 ** of.lot;
  for (let row = 0; row < rows; row++) {
    const open = Math.max(1, Math.round(usual * growth(swing[row * step] as number)));
    time[row] = first + row * length;
    lots[row] = open;
    value[row] = open * (price[row * step] as number);
  }
  return { rows, time, lots, value };
}
