import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, iso, MINUTE } from "../../src/core/time.ts";
import { check, fillGaps } from "../../src/market/check.ts";
import { column, hours, type Row, received } from "../fakes/rows.ts";
import { futures, spot } from "../fakes/series.ts";

const series = spot("1h");
const day = Date.UTC(2025, 0, 1);
const range = { from: day, to: day + DAY };
const checkDay = (rows: readonly Row[], rest?: Parameters<typeof received>[2]) =>
  check(series, received(series, rows, rest), range);
const opens = (checked: ReturnType<typeof check>) =>
  column(checked.batch, "open_time").map((time) => Number(time) / 1000);
/** A full day with the row at one hour put in place of what was there. */
const dayWith = (hour: number, ...rows: Partial<Row>[]): Row[] => {
  const all = hours(day, 24);
  all.splice(hour, 1, ...rows.map((row) => ({ time: day + hour * HOUR, ...row })));
  return all;
};

test("a full day passes as it came", () => {
  const came = received(series, hours(day, 24));
  const checked = check(series, came, range);
  assert.equal(checked.batch, came.batch);
  assert.deepEqual([checked.gaps, checked.notes, checked.refused], [[], [], []]);
});

test("the candle that opens at the next midnight is not this day's", () => {
  const checked = checkDay(hours(day, 25));
  assert.equal(checked.batch.rows, 24);
  assert.ok(opens(checked).every((open) => open < range.to));
  assert.deepEqual([checked.gaps, checked.refused], [[], []]);
});

test("rows that are not final yet are left out, and are no gap", () => {
  const open = { from: day, to: day + 5 * HOUR };
  const checked = check(series, received(series, hours(day, 7)), open);
  assert.equal(checked.batch.rows, 5);
  assert.deepEqual(checked.gaps, []);
});

test("an exact duplicate collapses, with a note", () => {
  const checked = checkDay([...hours(day, 3), ...hours(day + 2 * HOUR, 22)]);
  assert.equal(checked.batch.rows, 24);
  assert.deepEqual(checked.notes, [{ kind: "duplicate", count: 1 }]);
  assert.deepEqual(checked.refused, []);
});

test("two rows of one time that differ are both refused, and leave a gap", () => {
  const checked = checkDay(dayWith(5, {}, { close: 106 }));
  assert.equal(checked.batch.rows, 23);
  assert.deepEqual(
    checked.refused.map((row) => [iso(row.time), row.reason]),
    [
      ["2025-01-01T05:00:00.000Z", "conflict"],
      ["2025-01-01T05:00:00.000Z", "conflict"],
    ],
  );
  assert.deepEqual(checked.gaps, [{ from: day + 5 * HOUR, to: day + 6 * HOUR, class: "quarantined", bars: 1 }]);
});

test("of three rows of one time, two alike and one other, none is taken", () => {
  const checked = checkDay(dayWith(5, {}, {}, { volume: 11 }));
  assert.equal(checked.refused.length, 3);
  assert.equal(checked.batch.rows, 23);
});

test("rows out of order are put in order, with a note", () => {
  const checked = checkDay(hours(day, 24).reverse());
  assert.deepEqual(
    opens(checked),
    hours(day, 24).map((row) => row.time),
  );
  assert.deepEqual(checked.notes, [{ kind: "unordered", count: 1 }]);
});

const impossible: Record<string, Partial<Row>> = {
  "a high below the close": { high: 104 },
  "a high below the open": { high: 100, open: 101, close: 95 },
  "a low above the open": { low: 101 },
  "a low above the close": { close: 89 },
  "a price of nothing": { low: 0 },
  "a negative price": { low: -5 },
  "a price that is no number": { open: Number.NaN },
  "an endless price": { high: Number.POSITIVE_INFINITY },
  "a negative volume": { volume: -1 },
  "a volume that is no number": { volume: Number.NaN },
  "an endless volume": { volume: Number.POSITIVE_INFINITY },
  "a negative quote volume": { quote_volume: -1 },
  "fewer trades than none": { num_trades: -1 },
  "takers that bought more than was traded": { taker_buy_base_volume: 10.000001 },
  "takers that paid more than was paid": { taker_buy_quote_volume: 1000.01 },
  "takers that bought less than nothing": { taker_buy_base_volume: -0.1 },
  "takers that paid no number": { taker_buy_quote_volume: Number.NaN },
  "a close before the open": { ts: day + 5 * HOUR - 1 },
  "a close at the open": { ts: day + 5 * HOUR },
  "a close in the next candle": { ts: day + 6 * HOUR },
};
for (const [what, row] of Object.entries(impossible)) {
  test(`refused: ${what}`, () => {
    const checked = checkDay(dayWith(5, row));
    assert.equal(checked.batch.rows, 23);
    assert.deepEqual(
      checked.refused.map((one) => one.reason),
      ["invalid"],
    );
    assert.match(checked.refused[0]?.evidence ?? "", /"open_time"/);
    assert.deepEqual(checked.gaps, [{ from: day + 5 * HOUR, to: day + 6 * HOUR, class: "quarantined", bars: 1 }]);
  });
}

const possible: Record<string, Partial<Row>> = {
  "one price all along": { open: 100, high: 100, low: 100, close: 100 },
  "takers bought all of it": { taker_buy_base_volume: 10, taker_buy_quote_volume: 1000 },
  "takers bought none of it": { taker_buy_base_volume: 0, taker_buy_quote_volume: 0 },
};
for (const [what, row] of Object.entries(possible)) {
  test(`passes: ${what}`, () => {
    const checked = checkDay(dayWith(5, row));
    assert.equal(checked.batch.rows, 24);
    assert.deepEqual([checked.refused, checked.notes], [[], []]);
  });
}

test("a candle without a trade, and one cut short, are noted and kept", () => {
  const silent = { volume: 0, quote_volume: 0, num_trades: 0, taker_buy_base_volume: 0, taker_buy_quote_volume: 0 };
  const rows = dayWith(5, silent);
  rows[7] = { time: day + 7 * HOUR, ts: day + 7 * HOUR + 20 * MINUTE };
  const checked = checkDay(rows);
  assert.equal(checked.batch.rows, 24);
  assert.deepEqual(checked.notes, [
    { kind: "short-close", count: 1 },
    { kind: "zero-volume", count: 1 },
  ]);
});

/** One hour's candle under the four clocks that are in use for it; only the first is its open time. */
const conventions: [name: string, time: number, reason: string | undefined][] = [
  ["the open time", day + 5 * HOUR, undefined],
  ["the close with its milliseconds", day + 6 * HOUR - 1, "off-grid"],
  ["the close less a millisecond", day + 6 * HOUR - 2, "off-grid"],
  ["the close cut to seconds", day + 6 * HOUR - 1000, "off-grid"],
];
for (const [name, time, reason] of conventions) {
  test(`a candle under ${name} is one candle or evidence, never a second row`, () => {
    const close = day + 6 * HOUR - 1;
    const alone = checkDay(dayWith(5, { time, open_time: time, ts: close }));
    assert.deepEqual(
      alone.refused.map((row) => row.reason),
      reason ? [reason] : [],
    );
    assert.equal(alone.batch.rows, reason ? 23 : 24);
    const beside = checkDay(dayWith(5, {}, { time, open_time: time, ts: close }));
    assert.equal(beside.batch.rows, 24);
    assert.equal(new Set(opens(beside)).size, 24);
  });
}

test("a candle under its rounded close collides with the next one, and neither is taken", () => {
  const next = day + 6 * HOUR;
  const checked = checkDay(dayWith(5, {}, { time: next, open_time: next, ts: next + HOUR - 1, close: 101 }));
  assert.deepEqual(
    checked.refused.map((row) => [iso(row.time), row.reason]),
    [
      [iso(next), "conflict"],
      [iso(next), "conflict"],
    ],
  );
  assert.equal(checked.batch.rows, 23);
});

test("a row that could not be read at all is kept as evidence, and its place is a gap", () => {
  const broken = [
    { time: day + 5 * HOUR, reason: "shape", evidence: "[1735707600000]" },
    { time: day - HOUR, reason: "shape", evidence: "[1735686000000]" },
  ];
  const checked = checkDay(dayWith(5), { broken });
  assert.deepEqual(checked.refused, [broken[0]]);
  assert.deepEqual(checked.gaps, [{ from: day + 5 * HOUR, to: day + 6 * HOUR, class: "quarantined", bars: 1 }]);
});

test("missing rows are runs, each of a class of its own", () => {
  const rows = hours(day, 24).filter((row) => ![0, 1, 5, 6, 9].includes((row.time - day) / HOUR));
  const broken = [{ time: day + 6 * HOUR, reason: "type", evidence: "[]" }];
  const checked = checkDay(rows, { broken, unpublished: [{ from: day - DAY, to: day + 2 * HOUR }] });
  assert.deepEqual(
    checked.gaps.map((gap) => [(gap.from - day) / HOUR, (gap.to - day) / HOUR, gap.class, gap.bars]),
    [
      [0, 2, "not-published", 2],
      [5, 6, "unknown", 1],
      [6, 7, "quarantined", 1],
      [9, 10, "unknown", 1],
    ],
  );
});

test("a day of which nothing came is one gap", () => {
  const checked = checkDay([]);
  assert.equal(checked.batch.rows, 0);
  assert.deepEqual(checked.gaps, [{ ...range, class: "unknown", bars: 24 }]);
});

const HALT = Date.UTC(2021, 3, 25);
const halted = [4, 5, 6, 7, 8];

test("minutes missing in a known halt are the exchange's", () => {
  const minutes = spot("1m", "BTCUSDT", "binance");
  const all = Array.from({ length: 1440 }, (_, i) => ({ time: HALT + i * MINUTE }));
  const [from, to] = [HALT + 4 * HOUR + MINUTE, HALT + 8 * HOUR + 45 * MINUTE];
  const came = all.filter(({ time }) => time < from || time >= to);
  const checked = check(minutes, received(minutes, came), { from: HALT, to: HALT + DAY });
  assert.deepEqual(checked.gaps, [{ from, to, class: "exchange-halt", bars: 284 }]);
});

test("a missing hour that lies partly outside the halt is not explained by it", () => {
  const hourly = spot("1h", "BTCUSDT", "binance");
  const came = hours(HALT, 24).filter(({ time }) => !halted.includes((time - HALT) / HOUR));
  const checked = check(hourly, received(hourly, came), { from: HALT, to: HALT + DAY });
  assert.deepEqual(
    checked.gaps.map((gap) => [(gap.from - HALT) / HOUR, (gap.to - HALT) / HOUR, gap.class]),
    [
      [4, 8, "exchange-halt"],
      [8, 9, "unknown"],
    ],
  );
});

for (const other of [spot("1h"), futures("1h")]) {
  test(`a halt of Binance's spot engine explains nothing of ${other.venue} ${other.market}`, () => {
    const came = hours(HALT, 24).filter(({ time }) => !halted.includes((time - HALT) / HOUR));
    const { gaps } = check(other, received(other, came), { from: HALT, to: HALT + DAY });
    assert.deepEqual(
      gaps.map((gap) => gap.class),
      ["unknown"],
    );
  });
}

test("a series that began within the day has no gap before its first candle", () => {
  const first = day + 4 * HOUR;
  const checked = check(series, received(series, hours(first, 20)), { from: first, to: range.to }, first);
  assert.deepEqual([checked.batch.rows, checked.gaps], [20, []]);
});

test("three-day candles are judged by the grid of the first one", () => {
  const first = day + DAY;
  const long = spot("3d");
  const rows = received(long, [{ time: first, ts: first + 3 * DAY - 1 }]);
  assert.equal(check(long, rows, { from: first, to: first + DAY }, first).batch.rows, 1);
  assert.deepEqual(
    check(long, rows, { from: first, to: first + DAY }, day).refused.map((row) => row.reason),
    ["off-grid"],
  );
});

test("a row that is there after all takes its own place out of a gap, and no other", () => {
  const at = (hour: number) => day + hour * HOUR;
  const gaps = [
    { from: at(3), to: at(7), class: "quarantined" as const, bars: 4 },
    { from: at(9), to: at(10), class: "not-published" as const, bars: 1 },
  ];
  assert.deepEqual(fillGaps(series, gaps, new Set([at(4), at(9)])), [
    { from: at(3), to: at(4), class: "quarantined", bars: 1 },
    { from: at(5), to: at(7), class: "quarantined", bars: 2 },
  ]);
  assert.deepEqual(fillGaps(series, gaps, new Set()), gaps);
});
