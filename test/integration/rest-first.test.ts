import assert from "node:assert/strict";
import { test } from "node:test";
import type { Series } from "../../src/core/series.ts";
import { HOUR } from "../../src/core/time.ts";
import { BINANCE_FUTURES } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { type Asked, madeVenue, transportOf } from "../fakes/rest-venue.ts";

const NOW = Date.UTC(2026, 0, 10, 2);
const LISTED = NOW - 2 * HOUR;

/** A market of two hours: it has candles of `interval` alone, and no funding yet. */
function young(interval: string): BinanceRest {
  const venue = madeVenue({ now: () => NOW, klines: [LISTED] });
  const empty = ({ path, query }: Asked) => /klines$/i.test(path) && query.get("interval") !== interval;
  return new BinanceRest({
    endpoint: BINANCE_FUTURES,
    transport: transportOf((asked) => (empty(asked) ? { body: "[]" } : venue(asked))),
  });
}

const OPEN_INTEREST: Series = { kind: "open-interest", venue: "binance", market: "um", symbol: "BTCUSDT", step: "5m" };
const FUNDING: Series = { ...OPEN_INTEREST, kind: "funding", step: undefined };

for (const interval of ["1d", "1h", "1m"]) {
  test(`open interest and funding begin with the market, told by its ${interval} candles`, async () => {
    const source = young(interval);
    assert.equal(await source.first(OPEN_INTEREST), LISTED);
    assert.equal(await source.first(FUNDING), LISTED);
  });
}

test("before its first funding a market has no event, and that is no failure", async () => {
  const pages: [number, number][] = [];
  for await (const { batch, until } of young("1d").read(FUNDING, { from: LISTED, to: NOW })) {
    pages.push([batch.rows, until]);
  }
  assert.deepEqual(pages, [[0, NOW]]);
});

test("a symbol that the venue does not know has no beginning", async () => {
  for (const series of [OPEN_INTEREST, FUNDING]) {
    await assert.rejects(young("1d").first({ ...series, symbol: "NOSUCH" }), { code: "unknown-symbol" });
    await assert.rejects(young("1w").first(series), { code: "unknown-symbol", message: /BTCUSDT/ });
  }
});
