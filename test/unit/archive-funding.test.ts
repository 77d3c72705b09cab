import assert from "node:assert/strict";
import { test } from "node:test";
import { rowAt } from "../../src/core/batch.ts";
import { HOUR } from "../../src/core/time.ts";
import { decodeCsv, FUNDING_HEADER, fileOf, fundingFile, refusalCode } from "../fakes/archive.ts";
import { column } from "../fakes/rows.ts";

const month = Date.UTC(2026, 3, 1);
const file = fundingFile("2026-04");
const line = (hour: number, rate = "0.00010000", hours = "8", jitter = 0) =>
  `${month + hour * HOUR + jitter},${hours},${rate}`;
const decode = (...lines: readonly string[]) => decodeCsv(file, fileOf([FUNDING_HEADER, ...lines]));
const hours = (...lines: readonly string[]) => column(decode(...lines).batch, "interval_hours");

test("events become rows of the table, times as sent and no mark price", () => {
  const { batch, broken, unit, header, evidence } = decode(line(0), line(8, "-0.00003449", "8", 3), line(16, "1E-8"));
  assert.deepEqual([broken, unit, header, evidence(1)], [[], "ms", true, line(8, "-0.00003449", "8", 3)]);
  assert.deepEqual(rowAt(batch, 1), {
    funding_time: (month + 8 * HOUR + 3) * 1000,
    funding_rate: -0.00003449,
    interval_hours: 8,
    mark_price: null,
    symbol: "BTCUSDT",
    venue: "binance",
    source: "archive-test",
  });
  assert.deepEqual(column(batch, "funding_rate"), [0.0001, -0.00003449, 0.00000001]);
});

test("hours are those since the event before; of the first one the file says them", () => {
  assert.deepEqual(hours(line(0, "0", "4"), line(8), line(12), line(13)), [4, 8, 4, 1]);
  assert.deepEqual(hours(line(8, "0", "4"), line(16, "0", "4", 17)), [4, 8]);
  assert.deepEqual(hours(line(0), line(8), line(8, "0.0002"), line(16)), [8, 8, 8, 8]);
});

test("hours do not depend on the order of the lines", () => {
  assert.deepEqual(hours(line(16), line(0, "0", "2"), line(12)), [4, 2, 12]);
});

test("a broken event took place as well", () => {
  const { batch, broken } = decode(line(0), line(8, "n/a"), line(16));
  assert.deepEqual(column(batch, "interval_hours"), [8, 8]);
  assert.deepEqual(broken, [{ time: month + 8 * HOUR, reason: "type", evidence: line(8, "n/a") }]);
});

test("rows that cannot be one are set aside", () => {
  const odd: readonly (readonly [string, string])[] = [
    [line(8, ""), "blank"],
    [line(8, "0.1", ""), "blank"],
    [line(8, "0.1", "0"), "type"],
    [line(8, "0.1", "7.5"), "type"],
    [`${line(8)},1`, "shape"],
    [`${month + 8 * HOUR},8`, "shape"],
    [`"${month + 8 * HOUR}",8,0.1`, "type"],
    [`${month + 8 * HOUR}000,8,0.1`, "time-unit"],
    [`${(month + 8 * HOUR) / 1000},8,0.1`, "time-unit"],
  ];
  for (const [evidence, reason] of odd) {
    const { batch, broken } = decode(line(0), evidence, line(16));
    assert.equal(batch.rows, 2, evidence);
    assert.deepEqual(broken, [{ time: month + 8 * HOUR, reason, evidence }]);
  }
});

test("events of other months are set aside, and refused where they are the most", () => {
  assert.deepEqual(decode(line(-8), line(0)).broken, [
    { time: month - 8 * HOUR, reason: "outside", evidence: line(-8) },
  ]);
  assert.equal(
    refusalCode(() => decode(line(-8), line(-16), line(0))),
    "mislabelled",
  );
});

test("another form is refused", () => {
  assert.equal(
    refusalCode(() => decode("a,b,c", "d,e,f")),
    "format-changed",
  );
  assert.equal(
    refusalCode(() => decode(line(0), "a,b,c")),
    "malformed-row",
  );
  assert.equal(
    refusalCode(() => decodeCsv(file, "calc_time,last_funding_rate,x\n1,2,3\n")),
    "format-changed",
  );
  assert.equal(
    refusalCode(() => decode()),
    "empty-archive",
  );
});

test("a column more, which the header names, and times in microseconds are read", () => {
  const wide = decodeCsv(file, `${FUNDING_HEADER},mark_price\n${month},8,0.1,5\n${month + 8 * HOUR},8,0.1,5\n`);
  assert.deepEqual([wide.batch.rows, wide.broken.length], [2, 0]);
  const micros = decodeCsv(file, `${month}000,8,0.1\n${month + 8 * HOUR}123,8,0.1\n`);
  assert.deepEqual([micros.unit, micros.header], ["us", false]);
  assert.deepEqual(column(micros.batch, "funding_time"), [month * 1000, (month + 8 * HOUR) * 1000]);
});
