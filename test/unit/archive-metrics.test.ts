import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { METRICS_LABELS_BEGIN } from "../../src/core/archive-calendar.ts";
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
    ["the last midnight alone, since the change: rather late", "2026-07-01", 1, 288, slots(2, 288)],
    ["both midnights, before the change: rather late", "2024-12-01", 0, 288, slots(1, 288)],
    ["both midnights, since the change: labels begin", "2026-07-01", 0, 288, slots(1, 288)],
    ["neither midnight, before the change: labels end", "2026-06-24", 5, 10, slots(5, 10)],
    ["neither midnight, since the change: labels begin", "2026-06-25", 5, 10, slots(6, 11)],
    ["neither midnight, and all between, before the change: labels end", "2020-10-01", 1, 287, slots(1, 287)],
    ["a hole at the beginning, before the change: labels end", "2026-06-24", 100, 288, slots(100, 288)],
    ["a hole at the end, long before the change: labels begin", "2020-09-01", 0, 100, slots(1, 101)],
    ["neither midnight in the very first file: labels begin", "2020-09-01", 5, 10, slots(6, 11)],
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

describe("what labels mean", () => {
  const told = (day: string, lines: readonly string[]) => decode(day, lines).labels;
  const [before, since] = ["2024-12-01", "2026-07-01"] as const;
  const slot = (day: string, index: number, fields = {}) => metricsLine(at(day) + index * STEP, fields);

  test("is told by the midnights", () => {
    assert.equal(told(before, run(at(before) + STEP, 288)), "end");
    assert.equal(told(before, run(at(before), 288)), "begin");
    assert.equal(told(before, run(at(before), 289)), "unclear");
    assert.equal(told(before, run(at(before) + STEP, 287)), "end");
    assert.equal(told(since, run(at(since), 288)), "begin");
    assert.equal(told(since, run(at(since) + STEP, 287)), "begin");
    assert.equal(told(since, run(at(since), 289)), "unclear");
    assert.equal(told(since, run(at(since) + STEP, 288)), "unclear");
  });

  test("is told by rows of the file and no others", () => {
    const begin = run(at(before), 287);
    const foreign = { 1: "ETHUSDT" };
    assert.equal(told(before, [...begin, slot(before, 288, foreign)]), "begin");
    assert.equal(told(before, [slot(before, 0, foreign), ...run(at(before) + STEP, 288)]), "end");
    assert.equal(told(before, [...run(at(before) + STEP, 287), slot(before, 288, { 2: "" })]), "end");
    assert.equal(told(before, [slot(before, 0, { 2: "" }), ...run(at(before) + STEP, 288)]), "unclear");
    assert.equal(told(since, [...run(at(since), 288), slot(since, 288, foreign)]), "begin");
  });
});

/** Seeded, so that a failure can be repeated. */
function whole(seed: number): (below: number) => number {
  let state = Math.imul(seed, 2_654_435_761);
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

/**
 * A file of true values, of which each says when it was known: rows are lost, repeated, of another symbol or broken, and
 * one may be the neighbour's that has a midnight.
 */
function mangled(day: string, isEnd: boolean, random: (below: number) => number): string[] {
  const known = (index: number) => at(day) + index * STEP;
  const line = (index: number, fields = {}) =>
    metricsLine(known(index) - (isEnd ? 0 : STEP), { 2: String(known(index)), ...fields });
  let rows = slots(1, 288).map((index) => line(index));
  if (random(2) === 0) rows = rows.slice(random(3), 288 - random(3));
  for (let i = random(4); i > 0; i--) rows.splice(random(rows.length), 1 + random(20));
  for (let i = random(4); i > 0; i--) rows.push(rows[random(rows.length)] as string);
  for (let i = random(4); i > 0; i--) rows.push(line(random(3) * 144 + random(2), { 1: "ETHUSDT" }));
  for (let i = random(3); i > 0; i--) rows.push(line(random(2) * 288 + random(2), { 3: "" }));
  // Before the change labels that begin are told by their first, but for the very first file's.
  if (!isEnd && day < METRICS_LABELS_BEGIN && day !== "2020-09-01") rows.push(line(1));
  // There, the next day's first in its place makes labels that end of them.
  const isTold = isEnd || day >= METRICS_LABELS_BEGIN || rows.includes(line(1));
  if (random(3) === 0) rows.push(line(0));
  if (random(3) === 0 && isTold) rows.push(line(289));
  return rows.toSorted(() => random(3) - 1);
}

test("no value has a time before it was known, whatever rows are lost, repeated or strayed", () => {
  let late = 0;
  let right = 0;
  for (let seed = 1; seed <= 1000; seed++) {
    const random = whole(seed);
    const day = ["2020-09-01", "2024-12-01", "2026-06-24", "2026-06-25", "2026-09-01"][seed % 5] as string;
    const { batch } = decode(day, mangled(day, random(2) === 0, random));
    const values = numbers(batch, "open_interest").values;
    numbers(batch, "time").values.forEach((micros, row) => {
      const delay = micros / 1000 - (values[row] as number);
      assert.ok(delay === 0 || delay === STEP, `file ${seed}, ${day}: ${delay / MINUTE} minutes`);
      if (delay === 0) right++;
      else late++;
    });
  }
  assert.ok(right > 0 && late > 0);
});

test("zeros and times off the grid are rows like others, for the check to judge", () => {
  const day = at("2024-12-01");
  const { batch } = decode("2024-12-01", [
    metricsLine(day + STEP, { 2: "0", 3: "0E-8" }),
    metricsLine(day + 123_000),
    metricsLine(day + DAY),
  ]);
  assert.deepEqual([...numbers(batch, "open_interest_value").values], [0, 5400000000.1234, 5400000000.1234]);
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
  assert.equal(code(["2024-02-30 00:05:00,BTCUSDT,1,1,1,1,1,1", "x"]), "format-changed");
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

describe("a line whose label cannot be made out stands where it was due", () => {
  const day = at("2024-12-01");
  const whole = run(day + STEP, 288);
  const place = (lines: readonly string[]) => {
    const { batch, broken } = decode("2024-12-01", lines);
    return [batch.rows, ...broken.map(({ time, reason }) => [(time - day) / STEP, reason])];
  };
  for (const [what, line, reason] of [
    ["blank", metricsLine(day, { 0: "" }), "blank"],
    ["blank, with too few cells", ",BTCUSDT,", "shape"],
    ["garbled", metricsLine(day, { 0: "2024-12-01 8:20" }), "type"],
    ["no such time", metricsLine(day, { 0: "2024-12-01 25:00:00" }), "type"],
    ["missing", "x", "shape"],
  ] as const) {
    test(what, () => {
      assert.deepEqual(place(whole.with(99, line)), [287, [100, reason]]);
      assert.deepEqual(place(whole.with(0, line)), [287, [1, reason]]);
      assert.deepEqual(place(whole.with(287, line)), [287, [288, reason]]);
      assert.deepEqual(place(whole.with(0, line).with(1, line)), [286, [1, reason], [2, reason]]);
      assert.deepEqual(place(whole.with(99, line).with(100, line)), [286, [100, reason], [101, reason]]);
      assert.deepEqual(place([...whole, line]), [288, [288, reason]]);
      assert.deepEqual(place([line, ...whole]), [288, [1, reason]]);
    });
  }

  test("by the labels that the file has", () => {
    const begin = run(at("2026-07-01"), 288);
    const { broken } = decode("2026-07-01", begin.with(9, "x"));
    assert.deepEqual(broken, [{ time: at("2026-07-01") + 10 * STEP, reason: "shape", evidence: "x" }]);
  });
});
