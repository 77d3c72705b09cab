import type { Market, Series } from "../../src/core/series.ts";
import { SyntheticSource } from "../../src/sources/synthetic/source.ts";
import { sourceContract } from "./source.ts";

const NOW = Date.UTC(2025, 5, 10, 12, 34, 56);

const klines = (market: Market, step: Series["step"]): Series => ({
  kind: "klines",
  venue: "synthetic",
  market,
  symbol: "BTCUSDT",
  step,
});

sourceContract("made data without a network", async () => ({
  source: new SyntheticSource({ now: () => NOW }),
  series: [
    klines("spot", "1m"),
    klines("spot", "1h"),
    klines("um", "1d"),
    klines("um", "3d"),
    { ...klines("um", undefined), kind: "funding" },
    { ...klines("um", "5m"), kind: "open-interest" },
  ],
  unknown: { ...klines("spot", "1h"), symbol: "NOSUCHUSDT" },
  async [Symbol.asyncDispose]() {},
}));
