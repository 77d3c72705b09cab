import { fixedLength, INTERVALS, type Interval } from "../core/interval.ts";

const MICROS = 1000;

/** Distances below this number may be chance: candles are left out around halts. */
const TELLING = 10;

/** The value that more than half of `values` have; undefined where there is none. */
function mostly(values: Float64Array): number | undefined {
  let [candidate, lead] = [Number.NaN, 0];
  for (const value of values) {
    if (lead === 0) candidate = value;
    lead += value === candidate ? 1 : -1;
  }
  let count = 0;
  for (const value of values) if (value === candidate) count++;
  return count * 2 > values.length ? candidate : undefined;
}

/** @param micros a length in microseconds */
const intervalOf = (micros: number | undefined): Interval | undefined =>
  micros === undefined ? undefined : INTERVALS.find((interval) => fixedLength(interval) === micros / MICROS);

/** Distances between neighbours in time, without those of rows of one time. */
function distances(opens: Float64Array): Float64Array {
  const sorted = opens.toSorted();
  const steps = new Float64Array(Math.max(0, sorted.length - 1));
  for (let i = 0; i < steps.length; i++) steps[i] = (sorted[i + 1] as number) - (sorted[i] as number);
  return steps.filter((step) => step > 0);
}

/** Whether at least half of the candles last as long as they should, and half of them follow the one before. */
function areAsTheyShould(opens: Float64Array, closes: Float64Array, length: number): boolean {
  let [lasting, following, last] = [0, 0, Number.NaN];
  for (let i = 0; i < opens.length; i++) {
    const open = opens[i] as number;
    if ((closes[i] as number) - open + MICROS === length) lasting++;
    if (open - last === length) following++;
    last = open;
  }
  return lasting * 2 >= opens.length && following * 2 >= opens.length - 1;
}

/**
 * The interval that candles have in place of the one that they should have, by the time from open to close that most
 * of them last; only where that tells none, by the distance that most of them keep, which candles that are missing
 * change. A few candles of another length are no reason: a halt cuts them short.
 * @param opens in microseconds
 * @param closes to the millisecond, in microseconds
 */
export function otherInterval(opens: Float64Array, closes: Float64Array, interval: Interval): Interval | undefined {
  const length = fixedLength(interval);
  if (length === undefined || areAsTheyShould(opens, closes, length * MICROS)) return undefined;
  const lasting = intervalOf(mostly(opens.map((open, i) => (closes[i] as number) - open + MICROS)));
  if (lasting !== undefined) return lasting === interval ? undefined : lasting;
  const steps = distances(opens);
  const apart = steps.length < TELLING ? undefined : intervalOf(mostly(steps));
  return apart === interval ? undefined : apart;
}
