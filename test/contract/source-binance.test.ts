import type { Market, Series } from "../../src/core/series.ts";
import { BINANCE_FUTURES, BINANCE_SPOT, BINANCE_US, type Endpoint } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { startTwin } from "../../src/twin/start.ts";
import { listen, madeVenue } from "../fakes/rest-venue.ts";
import { sourceContract } from "./source.ts";

const HOUR = 3_600_000;
const NOW = Date.UTC(2025, 5, 10, 12, 34, 56);

const klines = (venue: Series["venue"], market: Market, step: Series["step"]): Series => ({
  kind: "klines",
  venue,
  market,
  symbol: "BTCUSDT",
  step,
});

const STEPS = ["1m", "1h", "1d"] as const;

for (const [name, endpoint] of [
  ["binance.us", BINANCE_US],
  ["Binance spot", BINANCE_SPOT],
  ["Binance futures", BINANCE_FUTURES],
] satisfies [string, Endpoint][]) {
  sourceContract(`${name} over REST, from the twin`, async () => {
    const twin = await startTwin({ now: NOW });
    const candles = STEPS.map((step) => klines("synthetic", endpoint.market, step));
    const futures: Series[] = [
      klines("synthetic", "um", "3d"),
      { ...klines("synthetic", "um", undefined), kind: "funding" },
      { ...klines("synthetic", "um", "5m"), kind: "open-interest" },
    ];
    return {
      source: new BinanceRest({ endpoint, base: twin.settings[endpoint.setting] ?? "", synthetic: true }),
      series: [...candles, ...(endpoint === BINANCE_FUTURES ? futures : [])],
      unknown: { ...klines("synthetic", endpoint.market, "1h"), symbol: "NOSUCHUSDT" },
      [Symbol.asyncDispose]: () => twin.close(),
    };
  });
}

sourceContract("a real venue over REST", async () => {
  const opens = Array.from({ length: 4000 }, (_, i) => NOW - (NOW % HOUR) - (3999 - i) * HOUR);
  const server = await listen(madeVenue({ now: () => NOW, klines: opens, length: HOUR }));
  return {
    source: new BinanceRest({ endpoint: BINANCE_US, base: server.base }),
    series: [klines("binance-us", "spot", "1h")],
    unknown: { ...klines("binance-us", "spot", "1h"), symbol: "NOSUCHUSDT" },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
