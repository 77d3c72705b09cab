import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { INTERVALS, PERIODS } from "../../src/core/interval.ts";
import {
  fileStem,
  manifestKey,
  objectKey,
  parseManifestKey,
  parseManifestName,
  quarantineKey,
} from "../../src/core/layout.ts";
import { type Kind, parseSymbol, parseVenue, type Series, seriesLabel, VENUES } from "../../src/core/series.ts";
import { tableOf } from "../../src/market/tables.ts";
import { funding, futures, metrics, openInterest, spot } from "../fakes/series.ts";

const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
const plainSymbol = fc.string({ unit: fc.constantFrom(...letters), minLength: 2, maxLength: 20 });
const anySymbol = fc.oneof(
  plainSymbol,
  fc.constant("币安人生USDT"),
  plainSymbol.map((symbol) => `${symbol}_250328`),
);
const anySeries: fc.Arbitrary<Series> = fc
  .record({
    kind: fc.constantFrom<Kind>("klines", "metrics", "funding", "open-interest"),
    venue: fc.constantFrom(...VENUES),
    market: fc.constantFrom("spot", "um"),
    symbol: anySymbol,
    interval: fc.constantFrom(...INTERVALS),
    period: fc.constantFrom(...PERIODS),
  })
  .map(({ kind, venue, market, symbol, interval, period }) => ({
    kind,
    venue,
    market: kind === "klines" ? market : "um",
    symbol,
    step: kind === "funding" ? undefined : kind === "open-interest" ? period : interval,
  }));
const anyMonth = fc
  .tuple(fc.integer({ min: 2009, max: 2099 }), fc.integer({ min: 1, max: 12 }))
  .map(([year, month]) => `${year}-${String(month).padStart(2, "0")}`);

const keys: [series: Series, key: string][] = [
  [spot("1h"), "spot_klines/interval=1h/yyyy=2025/mm=01/dd=01/binance-us_btcusdt_spot_1h_2025-01-01.parquet"],
  [futures("1h"), "futures_klines/interval=1h/yyyy=2025/mm=01/dd=01/binance_btcusdt_um_1h_2025-01-01.parquet"],
  [funding(), "funding_rates/yyyy=2025/mm=01/dd=01/binance_btcusdt_um_funding_2025-01-01.parquet"],
  [openInterest(), "open_interest/period=5m/yyyy=2025/mm=01/dd=01/binance_btcusdt_um_oi_5m_2025-01-01.parquet"],
  [metrics("1h"), "futures_metrics/interval=1h/yyyy=2025/mm=01/dd=01/binance_btcusdt_um_1h_2025-01-01.parquet"],
];

for (const [series, key] of keys) {
  test(`${seriesLabel(series)} of a day lies at ${key}`, () => {
    assert.equal(objectKey(tableOf(series).name, series, "2025-01-01"), key);
  });
}

test("a manifest's name tells its series and month again", () => {
  fc.assert(
    fc.property(anySeries, anyMonth, (series, month) => {
      const { name: table } = tableOf(series);
      const key = manifestKey(table, series, month);
      const prefix = `_manifests/${table}/`;
      assert.ok(key.startsWith(prefix));
      assert.deepEqual(parseManifestName(table, key.slice(prefix.length)), { series, month });
      assert.deepEqual(parseManifestKey(table, key), { series, month });
      assert.equal(parseManifestKey(table, key.replace(prefix, `${prefix}old/`)), undefined);
    }),
  );
});

test("two series never share a file", () => {
  fc.assert(
    fc.property(anySeries, anySeries, (a, b) => {
      const same = seriesLabel(a) === seriesLabel(b) && a.kind === b.kind;
      const key = (series: Series) => objectKey(tableOf(series).name, series, "2025-01-01");
      assert.equal(key(a) === key(b), same);
    }),
  );
});

const strangers = [
  "binance_btcusdt_um_1h_2025-01.json.tmp",
  "binance_btcusdt_um_1h_2025-01-01.json",
  "binance_btcusdt_um_1h.json",
  "kraken_btcusdt_spot_1h_2025-01.json",
  "binance_btcusdt_cm_1h_2025-01.json",
  "binance__spot_1h_2025-01.json",
  "README.md",
  ".DS_Store",
  "",
];
for (const name of strangers) {
  test(`${JSON.stringify(name)} is no manifest`, () => {
    assert.equal(parseManifestName("futures_klines", name), undefined);
  });
}

test("a manifest's name fits its table's kind", () => {
  assert.equal(parseManifestName("futures_klines", "binance_btcusdt_um_funding_2025-01.json"), undefined);
  assert.equal(parseManifestName("funding_rates", "binance_btcusdt_um_1h_2025-01.json"), undefined);
  assert.equal(parseManifestName("open_interest", "binance_btcusdt_um_1h_2025-01.json"), undefined);
  assert.equal(parseManifestName("spot_klines", "binance_btcusdt_spot_oi_5m_2025-01.json"), undefined);
  assert.equal(parseManifestName("spot_klines", "binance_btcusdt_spot_7h_2025-01.json"), undefined);
  assert.equal(parseManifestName("spot_klines", "binance_btcusdt_spot_1h_2025-13.json"), undefined);
});

test("refused rows lie beside the tables, not in them", () => {
  assert.equal(
    quarantineKey("spot_klines", spot("1h"), "2025-01-01"),
    "_quarantine/spot_klines/binance-us_btcusdt_spot_1h_2025-01-01.json",
  );
});

test("symbols are read as the venue spells them", () => {
  assert.equal(parseSymbol("btcusdt"), "BTCUSDT");
  assert.equal(parseSymbol("1000SHIBUSDT"), "1000SHIBUSDT");
  assert.equal(parseSymbol("BTCUSDT_250328"), "BTCUSDT_250328");
  assert.equal(parseSymbol("币安人生USDT"), "币安人生USDT");
});

for (const text of [
  "",
  "B",
  "../BTCUSDT",
  "BTC/USDT",
  "BTC USDT",
  "BTC-USDT",
  "BTCUSDT\n",
  "A".repeat(31),
  "_250328",
]) {
  test(`${JSON.stringify(text)} is no symbol, and never reaches a path`, () => {
    assert.throws(() => parseSymbol(text), { code: "bad-symbol", exitCode: 2 });
  });
}

test("made data is no venue that can be asked for by name", () => {
  assert.throws(() => parseVenue("synthetic"), { code: "bad-venue" });
  assert.throws(() => parseVenue("binanceus"), /did you mean binance-us\?/);
  assert.equal(parseVenue("binance-us"), "binance-us");
});

test("the stem is lower case", () => {
  assert.equal(fileStem(spot("1M", "ETHUSDT", "binance")), "binance_ethusdt_spot_1M");
});
