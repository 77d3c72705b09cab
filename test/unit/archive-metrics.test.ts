import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { numbers, rowAt } from "../../src/core/batch.ts";
import { DAY, MINUTE } from "../../src/core/time.ts";
import { decodeCsv, fileOf, METRICS_HEADER, metricsFile, metricsLine, refusalCode } from "../fakes/archive.ts";

const STEP = 5 * MINUTE;
const at = (day: string) => Date.parse(`${day}T00:00:00Z`);
const run = (from: number, count: number) => Array.from({ length: count }, (_, i) => metricsLine(from + i * STEP));
const decode = (day: string, lines: readonly string[]) =>
  decodeCsv(metricsFile(day), fileOf([METRICS_HEADER, ...lines]));
const times = (day: string, lines: readonly string[]) =>
  [...numbers(decode(day, lines).batch, "time").values].map((micros) => (micros / 1000 - at(day)) / STEP);
const slots = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("a line becomes a row of the table; ratios may be empty", () => {
  const day = at("2024-12-01");
  const line = metricsLine(day + DAY, { 4: "", 5: "", 6: "", 7: "" });
  const { batch, broken, unit, header, evidence } = decode("2024-12-01", [line]);
  assert.deepEqual([broken, unit, header, evidence(0)], [[], "text", true, line]);
  assert.deepEqual(rowAt(batch, 0), {
    time: (day + DAY) * 1000,
    open_interest: 81000.5,
    open_interest_value: 5400000000.1234,
    period: "5m",
    symbol: "BTCUSDT",
    venue: "binance",
    source: "archive-test",
  });
});

describe("the time of a value is when it was known", () => {
  const cases: readonly (readonly [string, string, number, number, readonly number[]])[] = [
    ["labels end with the day's midnight", "2024-12-01", 1, 288, slots(1, 288)],
    ["labels begin with the day's midnight", "2026-07-01", 0, 287, slots(1, 288)],
    ["labels begin, long before they did", "2020-09-01", 0, 287, slots(1, 288)],
    ["labels end, long after they did", "2026-07-01", 1, 288, slots(1, 288)],
    ["both midnights: labels end", "2024-12-01", 0, 288, slots(0, 288)],
    ["neither midnight, before the change: labels end", "2026-06-24", 5, 10, slots(5, 10)],
    ["neither midnight, since the change: labels begin", "2026-06-25", 5, 10, slots(6, 11)],
  ];
  for (const [what, day, from, to, expected] of cases) {
    test(what, () => {
      const lines = run(at(day) + from * STEP, to - from + 1);
      assert.deepEqual(times(day, lines), expected);
      assert.deepEqual(times(day, [...lines, ...lines]), [...expected, ...expected]);
      assert.deepEqual(times(day, lines.toReversed()), expected.toReversed());
    });
  }
});

test("zeros and times off the grid are rows like others", () => {
  const day = at("2024-12-01");
  const { batch } = decode("2024-12-01", [metricsLine(day + STEP, { 2: "0", 3: "0E-8" }), metricsLine(day + 123_000)]);
  assert.deepEqual([...numbers(batch, "open_interest_value").values], [0, 5400000000.1234]);
  assert.equal(numbers(batch, "time").values[1], (day + 123_000) * 1000);
});

test("rows that cannot be one are set aside with their time", () => {
  const day = at("2026-07-01");
  const whole = run(day, 12);
  const odd: readonly (readonly [string, string])[] = [
    [metricsLine(day + DAY / 2, { 2: "" }), "blank"],
    [metricsLine(day + DAY / 2, { 3: " " }), "blank"],
    [metricsLine(day + DAY / 2, { 3: "n/a" }), "type"],
    [metricsLine(day + DAY / 2, { 3: "1e999" }), "type"],
    [metricsLine(day + DAY / 2, { 1: "ETHUSDT" }), "key"],
    [metricsLine(day + DAY / 2, { 0: '"2026-07-01 12:00:00"' }), "type"],
    [`${metricsLine(day + DAY / 2)},`, "shape"],
    ["2026-07-01 12:00:00,BTCUSDT,5", "shape"],
  ];
  for (const [evidence, reason] of odd) {
    const { batch, broken } = decode("2026-07-01", [...whole, evidence]);
    assert.equal(batch.rows, 12);
    assert.deepEqual(broken, [{ time: day + DAY / 2 + STEP, reason, evidence }]);
  }
  const early = metricsLine(day - STEP);
  assert.deepEqual(decode("2026-07-01", [early, ...whole]).broken, [{ time: day, reason: "outside", evidence: early }]);
});

test("a file is refused that is of another symbol or day, or of a form that is not known", () => {
  const day = at("2024-12-01");
  const code = (lines: readonly string[]) => refusalCode(() => decode("2024-12-01", lines));
  assert.equal(code(run(day + STEP, 12).map((line) => line.replace("BTC", "ETH"))), "mislabelled");
  assert.equal(code(run(day + DAY + STEP, 12)), "mislabelled");
  assert.equal(code([...run(day + STEP, 2), ...run(day - DAY, 3)]), "mislabelled");
  assert.equal(code(["2024-02-30 00:05:00,BTCUSDT,1,1,1,1,1,1", ...run(day + STEP, 2)]), "malformed-row");
  assert.equal(code(run(day + STEP, 12).map((line) => line.replace(" ", "T"))), "format-changed");
  assert.equal(code([]), "empty-archive");
  const swapped = METRICS_HEADER.replace(
    "sum_open_interest,sum_open_interest_value",
    "sum_open_interest_value,sum_open_interest",
  );
  assert.equal(
    refusalCode(() => decodeCsv(metricsFile("2024-12-01"), fileOf([swapped, ...run(day + STEP, 2)]))),
    "format-changed",
  );
});
