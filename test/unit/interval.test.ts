import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import {
  countOpens,
  fixedLength,
  type Grid,
  gridOf,
  INTERVALS,
  type Interval,
  nextOpen,
  onGrid,
  openAt,
  openFrom,
  PERIODS,
  parseInterval,
  parsePeriod,
} from "../../src/core/interval.ts";
import { DAY, dayRange, daysOf, iso, MINUTE, type TimeRange } from "../../src/core/time.ts";

const start = Date.UTC(2017, 0, 1);
const anyTime = fc.integer({ min: start, max: Date.UTC(2030, 0, 1) });
/** The venue's first candle decides where three-day candles open. */
const anyGrid = fc
  .tuple(fc.constantFrom(...INTERVALS), fc.integer({ min: 0, max: 400 }))
  .map(([interval, days]) => gridOf(interval, interval === "3d" ? start + days * DAY : undefined));

/** A range of some candles' length, so that minutes need not be counted for years. */
const gridAndRange = anyGrid.chain((grid) =>
  fc
    .tuple(anyTime, fc.integer({ min: 0, max: 40 * (fixedLength(grid.interval) ?? 31 * DAY) }))
    .map(([from, span]): { grid: Grid; range: TimeRange } => ({ grid, range: { from, to: from + span } })),
);

const fraction = fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000);

function enumerate(grid: Grid, range: TimeRange): number[] {
  const opens: number[] = [];
  for (let open = openFrom(grid, range.from); open < range.to; open = nextOpen(grid, open)) opens.push(open);
  return opens;
}

test("counting the candles of a range gives what counting them one by one gives", () => {
  fc.assert(
    fc.property(gridAndRange, ({ grid, range }) => {
      assert.equal(countOpens(grid, range), enumerate(grid, range).length);
    }),
  );
});

test("a time falls in the candle that opens at or before it and ends after it", () => {
  fc.assert(
    fc.property(anyGrid, anyTime, (grid, time) => {
      const open = openAt(grid, time);
      assert.ok(open <= time && time < nextOpen(grid, open));
      assert.ok(onGrid(grid, open));
      assert.equal(onGrid(grid, time), open === time);
      assert.equal(openFrom(grid, time), open === time ? open : nextOpen(grid, open));
    }),
  );
});

test("a range split anywhere has each candle exactly once", () => {
  fc.assert(
    fc.property(gridAndRange, fc.array(fraction, { maxLength: 6 }), (it, cuts) => {
      const { grid, range } = it;
      const inner = cuts.map((cut) => Math.floor(range.from + cut * (range.to - range.from)));
      const edges = [range.from, ...inner.sort((a, b) => a - b), range.to];
      const parts = edges.slice(1).flatMap((to, i) => enumerate(grid, { from: edges[i] as number, to }));
      assert.deepEqual(parts, enumerate(grid, range));
    }),
  );
});

test("the days of a range have each of its candles exactly once", () => {
  fc.assert(
    fc.property(anyGrid, anyTime, fc.integer({ min: 1, max: 5 }), (grid, time, days) => {
      const range = { from: Math.floor(time / DAY) * DAY, to: (Math.floor(time / DAY) + days) * DAY };
      const byDay = daysOf(range).flatMap((day) => enumerate(grid, dayRange(day)));
      assert.deepEqual(byDay, enumerate(grid, range));
    }),
    { numRuns: 40 },
  );
});

test("weeks open on Mondays at midnight", () => {
  for (const open of enumerate(gridOf("1w"), { from: Date.UTC(2024, 11, 1), to: Date.UTC(2025, 2, 1) })) {
    assert.match(iso(open), /T00:00:00\.000Z$/);
    assert.equal(new Date(open).getUTCDay(), 1);
  }
  assert.equal(iso(openAt(gridOf("1w"), Date.UTC(2025, 0, 1))), "2024-12-30T00:00:00.000Z");
});

test("months open on their first day and are as long as the calendar says", () => {
  const opens = enumerate(gridOf("1M"), { from: Date.UTC(2024, 0, 2), to: Date.UTC(2025, 0, 2) });
  assert.equal(opens.length, 12);
  assert.ok(opens.every((open) => iso(open).endsWith("-01T00:00:00.000Z")));
  assert.equal(iso(nextOpen(gridOf("1M"), Date.UTC(2024, 11, 1))), "2025-01-01T00:00:00.000Z");
  assert.equal(nextOpen(gridOf("1M"), Date.UTC(2024, 1, 1)) - Date.UTC(2024, 1, 1), 29 * DAY);
});

test("three-day candles open at the first one's time and every third day after it", () => {
  const first = Date.UTC(2019, 8, 8);
  const grid = gridOf("3d", first);
  assert.ok(onGrid(grid, first + 300 * DAY));
  assert.ok(!onGrid(grid, first + 301 * DAY));
  assert.ok(!onGrid(grid, first + 302 * DAY));
});

test("no other interval's grid depends on the first candle", () => {
  for (const interval of INTERVALS.filter((name) => name !== "3d")) {
    assert.deepEqual(gridOf(interval, start + 12_345), gridOf(interval));
  }
});

test("days hold whole numbers of the shorter candles", () => {
  for (const interval of INTERVALS) {
    const length = fixedLength(interval);
    if (length === undefined || length > DAY) continue;
    const day = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2025, 0, 2) };
    assert.equal(countOpens(gridOf(interval), day), DAY / length, interval);
    assert.ok(onGrid(gridOf(interval), day.from), interval);
  }
});

test("an empty or a backward range has no candle", () => {
  fc.assert(
    fc.property(anyGrid, anyTime, fc.integer({ min: 0, max: DAY }), (grid, time, back) => {
      assert.equal(countOpens(grid, { from: time, to: time - back }), 0);
    }),
  );
});

test("a range of a millisecond has the candle that opens in it", () => {
  const open = Date.UTC(2025, 0, 1);
  assert.equal(countOpens(gridOf("1m"), { from: open, to: open + 1 }), 1);
  assert.equal(countOpens(gridOf("1m"), { from: open + 1, to: open + MINUTE }), 0);
});

test("intervals and periods are read as the venue spells them", () => {
  for (const interval of INTERVALS) assert.equal(parseInterval(interval), interval);
  for (const period of PERIODS) assert.equal(parsePeriod(period), period);
});

const misspelt: [text: string, said: string][] = [
  ["1H", "1h"],
  ["60m", "30m"],
  ["1mo", "1m"],
];
for (const [text, guess] of misspelt) {
  test(`${text} is no interval, and the answer asks for ${guess}`, () => {
    assert.throws(
      () => parseInterval(text),
      (error) =>
        error instanceof UsageError && error.code === "bad-interval" && error.message.includes(`mean ${guess}?`),
    );
  });
}

for (const text of ["", "1s", "constructor", "1m "]) {
  test(`${JSON.stringify(text)} is no interval and no period`, () => {
    assert.throws(() => parseInterval(text), { code: "bad-interval" });
    assert.throws(() => parsePeriod(text as Interval), { code: "bad-period" });
  });
}
