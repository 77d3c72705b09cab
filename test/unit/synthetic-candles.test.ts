import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { gridOf, INTERVALS, nextOpen, onGrid, openAt } from "../../src/core/interval.ts";
import { MARKETS } from "../../src/core/series.ts";
import { MINUTE } from "../../src/core/time.ts";
import { type Candles, makeCandles, type Wide } from "../../src/sources/synthetic/candles.ts";
import { listOf, writeKline } from "../../src/sources/synthetic/json.ts";
import { type Instrument, instrument } from "../../src/sources/synthetic/symbols.ts";

const LATE = Date.UTC(2040, 0, 1);

const known = (market: "spot" | "um", symbol: string, seed?: number): Instrument => {
  const of = instrument(market, symbol, seed);
  assert.ok(of);
  return of;
};

type Row = readonly (string | number)[];
const rowsOf = (candles: Candles): Row[] =>
  JSON.parse(listOf(candles.rows, (out, row) => writeKline(out, candles, row)).toString());

/** Decimal text as a whole number of 10^-8, read without our own code. */
const units = (text: string | number | undefined): bigint => {
  const [whole = "", fraction = ""] = String(text).split(".");
  assert.ok(fraction.length <= 8, String(text));
  return BigInt(whole + fraction.padEnd(8, "0"));
};
const sum = (rows: readonly Row[], field: number): bigint => rows.reduce((total, row) => total + units(row[field]), 0n);

const anyInstrument = fc.record({
  market: fc.constantFrom(...MARKETS),
  symbol: fc.constantFrom(
    "BTCUSDT",
    "ETHUSDT",
    "ALGOUSDT",
    "DOGEUSDT",
    "XLMUSDT",
    "SOLUSDT",
    "SYN001USDT",
    "SYN998USDT",
  ),
  seed: fc.integer({ min: 0, max: 1_000_000 }),
});
/** Later than every listing. */
const anyTime = fc.integer({ min: Date.UTC(2021, 0, 1), max: Date.UTC(2030, 0, 1) });

test("a candle of any interval is what its minutes add up to, to the last decimal", () => {
  fc.assert(
    fc.property(anyInstrument, fc.constantFrom(...INTERVALS), anyTime, ({ market, symbol, seed }, interval, time) => {
      const of = known(market, symbol, seed);
      const open = openAt(gridOf(interval), time);
      const range = { from: open, to: nextOpen(gridOf(interval), open) };
      const [candle, ...more] = rowsOf(makeCandles(of, interval, range, LATE));
      const minutes = rowsOf(makeCandles(of, "1m", range, LATE));
      assert.deepEqual(more, []);
      assert.ok(candle);
      assert.equal(minutes.length, (range.to - range.from) / MINUTE);
      assert.equal(candle[0], range.from);
      assert.equal(candle[1], minutes[0]?.[1]);
      const prices = (field: number) => minutes.map((row) => units(row[field]));
      assert.equal(
        units(candle[2]),
        prices(2).reduce((a, b) => (a > b ? a : b)),
      );
      assert.equal(
        units(candle[3]),
        prices(3).reduce((a, b) => (a < b ? a : b)),
      );
      assert.equal(candle[4], minutes.at(-1)?.[4]);
      assert.equal(candle[6], range.to - 1);
      for (const field of [5, 7, 9, 10]) assert.equal(units(candle[field]), sum(minutes, field), `field ${field}`);
      assert.equal(
        candle[8],
        minutes.reduce((total, row) => total + Number(row[8]), 0),
      );
    }),
    { numRuns: 60 },
  );
});

test("every minute is plausible: grid, order of prices, amounts that the prices allow, no gap to the minute before", () => {
  fc.assert(
    fc.property(anyInstrument, anyTime, ({ market, symbol, seed }, time) => {
      const from = Math.floor(time / MINUTE) * MINUTE;
      const candles = makeCandles(known(market, symbol, seed), "1m", { from, to: from + 500 * MINUTE }, LATE);
      assert.equal(candles.rows, 500);
      const total = ({ high, low }: Wide, row: number) =>
        BigInt(high[row] ?? NaN) * 100_000_000n + BigInt(low[row] ?? NaN);
      for (let row = 0; row < candles.rows; row++) {
        const at = (column: Float64Array): bigint => BigInt(column[row] ?? NaN);
        const [open, high, low, close] = [at(candles.open), at(candles.high), at(candles.low), at(candles.close)];
        const [lots, taker] = [at(candles.lots), at(candles.takerLots)];
        const [quote, takerQuote] = [total(candles.quote, row), total(candles.takerQuote, row)];
        assert.equal(candles.openTime[row], from + row * MINUTE);
        assert.ok(low >= 1n && low <= open && low <= close && open <= high && close <= high);
        assert.ok(taker >= 1n && taker < lots);
        assert.ok(takerQuote >= low * taker && takerQuote <= high * taker);
        const [maker, makerQuote] = [lots - taker, quote - takerQuote];
        assert.ok(makerQuote >= low * maker && makerQuote <= high * maker);
        assert.ok(at(candles.trades) >= 1n && at(candles.trades) <= lots);
        if (row > 0) assert.equal(candles.open[row], candles.close[row - 1]);
      }
    }),
    { numRuns: 40 },
  );
});

test("a candle is the same whatever range it is asked in", () => {
  const of = known("um", "ETHUSDT");
  const from = Date.UTC(2022, 4, 3, 7);
  const whole = rowsOf(makeCandles(of, "15m", { from, to: from + 2_000 * 15 * MINUTE }, LATE));
  fc.assert(
    fc.property(fc.nat(1_999), fc.integer({ min: 1, max: 400 }), (first, count) => {
      const range = { from: from + first * 15 * MINUTE, to: from + (first + count) * 15 * MINUTE };
      assert.deepEqual(
        rowsOf(makeCandles(of, "15m", { from: range.from, to: Math.min(range.to, from + 2_000 * 15 * MINUTE) }, LATE)),
        whole.slice(first, first + count),
      );
    }),
    { numRuns: 60 },
  );
});

test("series begin with their listing, in the middle of a candle if need be", () => {
  const firstOpen = (market: "spot" | "um", symbol: string, interval: (typeof INTERVALS)[number]) =>
    new Date(
      makeCandles(known(market, symbol), interval, { from: 0, to: LATE }, LATE, 1).openTime[0] ?? NaN,
    ).toISOString();
  assert.equal(firstOpen("spot", "BTCUSDT", "1m"), "2017-08-17T04:00:00.000Z");
  assert.equal(firstOpen("spot", "BTCUSDT", "1d"), "2017-08-17T00:00:00.000Z");
  assert.equal(firstOpen("um", "BTCUSDT", "1m"), "2019-09-08T17:57:00.000Z");
  assert.equal(firstOpen("um", "BTCUSDT", "1h"), "2019-09-08T17:00:00.000Z");
  assert.equal(firstOpen("um", "BTCUSDT", "1w"), "2019-09-02T00:00:00.000Z");
  assert.equal(firstOpen("um", "BTCUSDT", "1M"), "2019-09-01T00:00:00.000Z");
  const hour = makeCandles(known("um", "BTCUSDT"), "1h", { from: 0, to: LATE }, LATE, 1);
  const minutes = makeCandles(known("um", "BTCUSDT"), "1m", { from: 0, to: LATE }, LATE, 3);
  assert.equal(
    hour.lots[0],
    minutes.lots.reduce((a, b) => a + b),
  );
});

test("nothing is of after now, and the open candle shows a part of what it will be", () => {
  const of = known("spot", "BTCUSDT");
  const now = Date.UTC(2025, 0, 10, 10, 20, 30);
  for (const interval of INTERVALS) {
    const grid = gridOf(interval);
    const open = openAt(grid, now);
    const shown = makeCandles(of, interval, { from: open, to: LATE }, now);
    const final = makeCandles(of, interval, { from: open, to: open + 1 }, LATE);
    assert.equal(shown.rows, 1);
    assert.equal(shown.openTime[0], open);
    assert.ok(onGrid(grid, open));
    assert.equal(shown.closeTime[0], final.closeTime[0]);
    assert.equal(shown.open[0], final.open[0]);
    assert.ok((shown.lots[0] ?? NaN) < (final.lots[0] ?? NaN));
    assert.ok((shown.high[0] ?? NaN) <= (final.high[0] ?? NaN) && (shown.low[0] ?? NaN) >= (final.low[0] ?? NaN));
  }
  assert.equal(makeCandles(of, "1h", { from: now + 1, to: LATE }, now).rows, 0);
});

test("spot and futures of a symbol stand some basis points apart", () => {
  const range = { from: Date.UTC(2024, 0, 1), to: Date.UTC(2024, 0, 8) };
  const spot = makeCandles(known("spot", "BTCUSDT"), "1h", range, LATE);
  const um = makeCandles(known("um", "BTCUSDT"), "1h", range, LATE);
  let equal = 0;
  for (let row = 0; row < spot.rows; row++) {
    const apart = ((um.close[row] ?? NaN) * 10) / (spot.close[row] ?? NaN) - 1;
    assert.ok(Math.abs(apart) < 0.003, `${apart}`);
    if (Math.abs(apart) < 1e-6) equal++;
    assert.notEqual(um.lots[row], spot.lots[row]);
  }
  assert.ok(equal < spot.rows / 10);
});

test("unknown symbols have no market", () => {
  for (const symbol of ["NOPEUSDT", "SYN000USDT", "SYN1000USDT", "SYN01USDT", "btcusdt", "toString", ""]) {
    assert.equal(instrument("spot", symbol), undefined, symbol);
  }
});

test("the market is the same everywhere and always; another seed is another market", () => {
  const digest = (seed?: number): string => {
    const all = createHash("sha256");
    for (const [market, symbol] of [
      ["spot", "BTCUSDT"],
      ["um", "BTCUSDT"],
      ["um", "ALGOUSDT"],
      ["spot", "SYN042USDT"],
    ] as const) {
      const range = { from: Date.UTC(2023, 10, 5), to: Date.UTC(2023, 11, 5) };
      const candles = makeCandles(known(market, symbol, seed), "1h", range, LATE);
      all.update(listOf(candles.rows, (out, row) => writeKline(out, candles, row)));
    }
    return all.digest("hex");
  };
  assert.equal(digest(), digest());
  assert.notEqual(digest(), digest(1));
  assert.notEqual(digest(1), digest(2));
  assert.equal(digest(), "38058acd2eb5266514264f2e7a269a7a84f04a9cf41054322215085046ef4680");
});
