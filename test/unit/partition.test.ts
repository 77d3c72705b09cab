import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countOpens, INTERVALS } from "../../src/core/interval.ts";
import {
  closesAt,
  finalBefore,
  finalRange,
  hasRows,
  inputDays,
  isDue,
  SETTLE,
  seriesGrid,
  settlesAt,
} from "../../src/core/partition.ts";
import { DAY, dayOf, dayRange, daysOf, HOUR, iso, MINUTE } from "../../src/core/time.ts";
import { funding, futures, metrics, openInterest, spot } from "../fakes/series.ts";

const day = "2025-01-01";
const midnight = Date.UTC(2025, 0, 1);
const at = (text: string): number => Date.parse(text);

test("a candle is final when it has closed, not before", () => {
  const hourly = spot("1h");
  assert.equal(finalBefore(hourly, at("2025-01-01T05:59:59.999Z")), at("2025-01-01T05:00Z"));
  assert.equal(finalBefore(hourly, at("2025-01-01T06:00Z")), at("2025-01-01T06:00Z"));
  assert.equal(finalBefore(spot("1M"), at("2025-01-31T23:59Z")), midnight);
});

test("a value or event is final as soon as it is known", () => {
  for (const series of [openInterest(), funding()]) {
    const { from, to } = finalRange(series, day, midnight);
    assert.ok(midnight >= from && midnight < to);
    assert.ok(midnight + 1 >= to);
  }
});

test("no final row lies after the clock, and the next candle is never one", () => {
  fc.assert(
    fc.property(fc.constantFrom(...INTERVALS), fc.integer({ min: 0, max: 40 * DAY }), (interval, ms) => {
      const now = midnight + ms;
      const grid = seriesGrid(spot(interval));
      assert.ok(grid);
      const range = finalRange(spot(interval), dayOf(now), now);
      assert.ok(range.to <= now);
      // The candle of now would open at or after the range's end.
      assert.equal(countOpens(grid, { from: range.from, to: Math.max(range.from, range.to) }), countOpens(grid, range));
    }),
  );
});

test("a day ends when its last candle closes, which for long candles is later", () => {
  assert.equal(iso(closesAt(spot("1h"), day)), "2025-01-02T00:00:00.000Z");
  assert.equal(iso(closesAt(spot("1M"), day)), "2025-02-01T00:00:00.000Z");
  assert.equal(iso(closesAt(spot("1w"), "2024-12-30")), "2025-01-06T00:00:00.000Z");
  assert.equal(iso(closesAt(spot("3d"), "2025-01-03", midnight - DAY)), "2025-01-06T00:00:00.000Z");
  assert.equal(iso(closesAt(funding(), day)), "2025-01-02T00:00:00.000Z");
  assert.equal(iso(closesAt(openInterest(), day)), "2025-01-02T00:00:00.000Z");
});

test("a day in which no candle opens has no rows, however late it is", () => {
  const late = Date.UTC(2026, 0, 1);
  assert.ok(!hasRows(spot("1w"), "2025-01-01", late));
  assert.ok(hasRows(spot("1w"), "2025-01-06", late));
  assert.ok(!hasRows(spot("1M"), "2025-01-02", late));
  assert.ok(hasRows(spot("1M"), "2025-01-01", late));
});

test("a day has rows once its first candle has closed", () => {
  assert.ok(!hasRows(spot("1h"), day, at("2025-01-01T00:59:59.999Z")));
  assert.ok(hasRows(spot("1h"), day, at("2025-01-01T01:00Z")));
  assert.ok(!hasRows(spot("1w"), "2024-12-30", at("2025-01-05T23:59:59.999Z")));
  assert.ok(hasRows(spot("1w"), "2024-12-30", at("2025-01-06T00:00Z")));
});

test("days before a series began have no rows; its first day begins with its first candle", () => {
  const first = at("2025-01-01T04:00Z");
  const late = Date.UTC(2025, 5, 1);
  assert.ok(!hasRows(spot("1h"), "2024-12-31", late, first));
  assert.ok(hasRows(spot("1h"), day, late, first));
  assert.deepEqual(finalRange(spot("1h"), day, late, first), { from: first, to: midnight + DAY });
});

const reads: [what: string, asOf: string, now: string, due: boolean][] = [
  ["nothing closed since", "2025-01-01T05:00Z", "2025-01-01T05:59:59.999Z", false],
  ["a candle closed since", "2025-01-01T05:59:59.999Z", "2025-01-01T06:00Z", true],
  ["the clock stands still", "2025-01-01T05:30Z", "2025-01-01T05:30Z", false],
  ["the clock went back", "2025-01-01T05:30Z", "2025-01-01T03:00Z", false],
  ["the day is over since", "2025-01-01T23:59Z", "2025-01-02T00:00Z", true],
  ["read just after the day's end", "2025-01-02T00:00Z", "2025-01-02T00:04:59.999Z", false],
  ["and once more when it has settled", "2025-01-02T00:00Z", "2025-01-02T00:05Z", true],
  ["never again after that", "2025-01-02T00:05Z", "2030-01-01T00:00Z", false],
  ["read long ago within the day", "2025-01-01T05:00Z", "2026-01-01T00:00Z", true],
];

for (const [what, asOf, now, due] of reads) {
  test(`a day of hours is ${due ? "due" : "not due"}: ${what}`, () => {
    assert.equal(isDue(spot("1h"), day, at(asOf), at(now)), due);
  });
}

test("a month's candle is due once it has closed, and once more five minutes later", () => {
  const month = spot("1M");
  assert.ok(!isDue(month, day, at("2025-01-05T00:00Z"), at("2025-01-31T23:59Z")));
  assert.ok(isDue(month, day, at("2025-01-05T00:00Z"), at("2025-02-01T00:00Z")));
  assert.ok(!isDue(month, day, at("2025-02-01T00:05Z"), at("2025-03-01T00:00Z")));
});

test("funding, which has no grid, is due every hour of an open day", () => {
  assert.ok(!isDue(funding(), day, at("2025-01-01T05:10Z"), at("2025-01-01T05:50Z")));
  assert.ok(isDue(funding(), day, at("2025-01-01T05:50Z"), at("2025-01-01T06:00Z")));
});

test("open interest is due with each of its periods", () => {
  assert.ok(!isDue(openInterest(), day, at("2025-01-01T05:10Z"), at("2025-01-01T05:14:59Z")));
  assert.ok(isDue(openInterest(), day, at("2025-01-01T05:10Z"), at("2025-01-01T05:15Z")));
});

test("what was read after it settled is never due, and what was not is due by then", () => {
  const anySeries = fc.constantFrom(spot("1m"), spot("1h"), spot("1d"), futures("1M"), funding(), openInterest());
  const anyOffset = fc.integer({ min: 0, max: 60 * DAY });
  fc.assert(
    fc.property(anySeries, anyOffset, anyOffset, (series, a, b) => {
      const settled = settlesAt(series, day);
      assert.equal(settled, closesAt(series, day) + SETTLE);
      const [asOf, now] = [midnight + a, midnight + b];
      if (asOf >= settled) assert.ok(!isDue(series, day, asOf, now));
      else if (now >= settled) assert.ok(isDue(series, day, asOf, now));
    }),
  );
});

test("where more final rows exist than when the day was read, it is due", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(spot("5m"), spot("1h"), spot("1d"), openInterest("15m")),
      fc.integer({ min: 0, max: 2 * DAY }),
      fc.integer({ min: 0, max: 2 * DAY }),
      (series, a, b) => {
        const [asOf, now] = [midnight + Math.min(a, b), midnight + Math.max(a, b)];
        const grid = seriesGrid(series);
        assert.ok(grid);
        const rows = (time: number) => countOpens(grid, finalRange(series, day, time));
        if (rows(now) > rows(asOf)) assert.ok(isDue(series, day, asOf, now), `${iso(asOf)} ${iso(now)}`);
      },
    ),
  );
});

test("a derived day looks at the days that its closes look back on", () => {
  const days = (interval: Parameters<typeof metrics>[0], lookBack: number, of = day) =>
    daysOf(inputDays(metrics(interval), of, lookBack));
  assert.deepEqual(days("1h", 16 * HOUR), ["2024-12-31", "2025-01-01"]);
  assert.deepEqual(days("1m", 10 * MINUTE), ["2024-12-31", "2025-01-01"]);
  assert.deepEqual(days("1h", 10 * MINUTE), ["2025-01-01"]);
  assert.deepEqual(days("1d", 10 * MINUTE), ["2025-01-01"]);
  assert.deepEqual(days("1w", 10 * MINUTE, "2024-12-30"), ["2025-01-05"]);
  assert.deepEqual(days("1M", 16 * HOUR), ["2025-01-31"]);
});

test("a derived day never looks at a day that begins after its last close", () => {
  fc.assert(
    fc.property(fc.constantFrom(...INTERVALS), fc.integer({ min: 0, max: 800 }), (interval, days) => {
      const own = dayOf(midnight + days * DAY);
      const series = metrics(interval);
      if (!hasRows(series, own, Date.UTC(2100, 0, 1))) return;
      const looked = daysOf(inputDays(series, own, 16 * HOUR));
      assert.ok(looked.length > 0);
      assert.ok(looked.every((other) => dayRange(other).from < closesAt(series, own)));
    }),
  );
});
