import { type Batch, type Column, constant, type NumberColumn, numbers } from "../core/batch.ts";
import { fixedLength, type Interval } from "../core/interval.ts";
import { HOUR } from "../core/time.ts";
import { asOf } from "./as-of.ts";
import { FUTURES_METRICS } from "./futures-metrics.ts";

/** A symbol's first event has no event before it: it counts as the venue's usual eight hours. */
const USUAL_FUNDING_HOURS = 8;

/** How far back a candle's close looks for a funding event at most: two intervals of the longest kind. */
export const FUNDING_LOOK_BACK = 2 * USUAL_FUNDING_HOURS * HOUR;

export const openInterestTimeToLive = (period: Interval): number => 2 * (fixedLength(period) ?? 0);

/** The column's values at `rows`, NULL where the row is -1. */
function pick(column: NumberColumn, rows: Int32Array): NumberColumn {
  const values = new Float64Array(rows.length);
  const valid = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (row < 0 || (column.valid && !column.valid[row])) continue;
    values[i] = column.values[row] as number;
    valid[i] = 1;
  }
  return { values, valid: valid.includes(0) ? valid : null };
}

/**
 * `futures_metrics` of the candles: what was last known of funding and open interest at each close, and when it was.
 * @param candles checked futures candles, ascending
 * @param funding events around them, ascending; @param openInterest values around them, ascending
 */
export function deriveMetrics(candles: Batch, funding: Batch, openInterest: Batch, period: Interval): Batch {
  const closes = numbers(candles, "ts").values;
  const hours = numbers(funding, "interval_hours");
  const fundingTimes = numbers(funding, "funding_time");
  const fundingRows = asOf(closes, fundingTimes.values, (index) => {
    const known = !hours.valid || hours.valid[index] === 1;
    return 2 * (known ? (hours.values[index] as number) : USUAL_FUNDING_HOURS) * HOUR * 1000;
  });
  const times = numbers(openInterest, "time");
  const timeToLive = openInterestTimeToLive(period) * 1000;
  const openInterestRows = asOf(closes, times.values, () => timeToLive);
  const made = candles.columns.at(-1);
  const columns: Column[] = [
    ...candles.columns.slice(0, -1),
    made && "dictionary" in made && made.dictionary[0] === "synthetic" ? made : constant("derived"),
    pick(numbers(openInterest, "open_interest"), openInterestRows),
    pick(numbers(funding, "funding_rate"), fundingRows),
    pick(numbers(openInterest, "open_interest_value"), openInterestRows),
    pick(times, openInterestRows),
    pick(fundingTimes, fundingRows),
  ];
  return { table: FUTURES_METRICS, rows: candles.rows, columns };
}
