import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Batch, slice } from "../../src/core/batch.ts";
import { HOUR, MINUTE } from "../../src/core/time.ts";
import { deriveMetrics } from "../../src/market/derive.ts";
import { FUTURES_METRICS } from "../../src/market/futures-metrics.ts";
import { CANDLE_COLUMNS } from "../../src/market/klines.ts";
import { batchOf, column, hours, type Row } from "../fakes/rows.ts";
import { funding, futures, openInterest } from "../fakes/series.ts";

const day = Date.UTC(2025, 0, 1);
const derive = (candles: readonly Row[], events: readonly Row[] = [], values: readonly Row[] = []): Batch =>
  deriveMetrics(batchOf(futures("1h"), candles), batchOf(funding(), events), batchOf(openInterest(), values), "5m");

const LOOKED_UP = ["open_interest", "funding_rate", "open_interest_value", "open_interest_time", "funding_time"];

test("the candles come through unchanged, and say that they were derived", () => {
  const candles = batchOf(futures("1h"), hours(day, 3));
  const derived = derive(hours(day, 3));
  assert.equal(derived.table, FUTURES_METRICS);
  for (const { name } of CANDLE_COLUMNS.slice(0, -1)) assert.deepEqual(column(derived, name), column(candles, name));
  assert.deepEqual(column(derived, "source"), ["derived", "derived", "derived"]);
});

test("made data stay marked as made", () => {
  const made = batchOf(futures("1h", "BTCUSDT", "synthetic"), hours(day, 1), "synthetic");
  const derived = deriveMetrics(made, batchOf(funding(), []), batchOf(openInterest(), []), "5m");
  assert.deepEqual([column(derived, "source"), column(derived, "venue")], [["synthetic"], ["synthetic"]]);
});

test("where nothing was known every looked-up column is NULL", () => {
  const derived = derive(hours(day, 2));
  for (const name of LOOKED_UP) assert.deepEqual(column(derived, name), [null, null], name);
});

test("the value at the close is the last one known then, with its own time", () => {
  const values = [55, 60, 115, 120].map((minute, i) => ({ time: day + minute * MINUTE, open_interest: i + 1 }));
  const derived = derive(hours(day, 2), [{ time: day + 3, funding_rate: 0.0001 }], values);
  assert.deepEqual(column(derived, "open_interest"), [1, 3]);
  assert.deepEqual(
    column(derived, "open_interest_time"),
    [55, 115].map((minute) => (day + minute * MINUTE) * 1000),
  );
  assert.deepEqual(column(derived, "funding_rate"), [0.0001, 0.0001]);
  assert.deepEqual(column(derived, "funding_time"), [(day + 3) * 1000, (day + 3) * 1000]);
});

test("a value from the moment of the next candle's opening is not known at this one's close", () => {
  const derived = derive(hours(day, 1), [{ time: day + HOUR }], [{ time: day + HOUR }]);
  assert.deepEqual(column(derived, "open_interest"), [null]);
  assert.deepEqual(column(derived, "funding_rate"), [null]);
});

test("open interest older than two of its periods is NULL", () => {
  const close = day + HOUR - 1;
  assert.deepEqual(column(derive(hours(day, 1), [], [{ time: close - 10 * MINUTE }]), "open_interest"), [500]);
  assert.deepEqual(column(derive(hours(day, 1), [], [{ time: close - 10 * MINUTE - 1 }]), "open_interest"), [null]);
});

for (const [interval, hoursAlive] of [
  [4, 8],
  [8, 16],
  [1, 2],
  [null, 16],
] as const) {
  test(`a funding rate lives two of its intervals: every ${interval ?? "unknown"} h, ${hoursAlive} h`, () => {
    const event = (time: number) => [{ time, interval_hours: interval }];
    const close = day + HOUR - 1;
    assert.deepEqual(column(derive(hours(day, 1), event(close - hoursAlive * HOUR)), "funding_rate"), [0.0001]);
    const late = derive(hours(day, 1), event(close - hoursAlive * HOUR - 1));
    assert.deepEqual([column(late, "funding_rate"), column(late, "funding_time")], [[null], [null]]);
  });
}

test("a hole of many months in funding gives NULL, not the rate from before it", () => {
  const derived = derive(hours(day, 24), [{ time: day - 6386 * HOUR }]);
  assert.deepEqual(new Set(column(derived, "funding_rate")), new Set([null]));
});

test("a value that is NULL stays NULL, and the time of the others is told", () => {
  const derived = derive(hours(day, 1), [], [{ time: day + 55 * MINUTE, open_interest: null }]);
  assert.deepEqual(column(derived, "open_interest"), [null]);
  assert.deepEqual(column(derived, "open_interest_value"), [30_000_000]);
  assert.deepEqual(column(derived, "open_interest_time"), [(day + 55 * MINUTE) * 1000]);
});

test("zero is a value", () => {
  assert.deepEqual(column(derive(hours(day, 1), [{ time: day, funding_rate: 0 }]), "funding_rate"), [0]);
});

test("a row does not change when later events, values and candles are added", () => {
  const times = (max: number) =>
    fc
      .uniqueArray(fc.nat({ max: 30 * 12 }), { maxLength: max })
      .map((steps) => steps.sort((a, b) => a - b))
      .map((steps) => steps.map((n) => ({ time: day - 6 * HOUR + n * 5 * MINUTE, open_interest: n + 1 })));
  fc.assert(
    fc.property(times(20), times(60), fc.integer({ min: 1, max: 24 }), (events, values, count) => {
      const close = day + count * HOUR;
      const before = (rows: readonly Row[]) => rows.filter((row) => row.time < close);
      const all = slice(derive(hours(day, 24), events, values), 0, count);
      const then = derive(hours(day, count), before(events), before(values));
      for (const { name } of FUTURES_METRICS.columns) assert.deepEqual(column(then, name), column(all, name), name);
    }),
  );
});
