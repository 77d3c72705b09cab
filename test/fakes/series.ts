import type { Interval, Period } from "../../src/core/interval.ts";
import type { Series, Venue } from "../../src/core/series.ts";

/** Series as tests name them. */
export const spot = (interval: Interval, symbol = "BTCUSDT", venue: Venue = "binance-us"): Series => ({
  kind: "klines",
  venue,
  market: "spot",
  symbol,
  step: interval,
});

export const futures = (interval: Interval, symbol = "BTCUSDT", venue: Venue = "binance"): Series => ({
  kind: "klines",
  venue,
  market: "um",
  symbol,
  step: interval,
});

export const metrics = (interval: Interval, symbol = "BTCUSDT", venue: Venue = "binance"): Series => ({
  ...futures(interval, symbol, venue),
  kind: "metrics",
});

export const funding = (symbol = "BTCUSDT", venue: Venue = "binance"): Series => ({
  kind: "funding",
  venue,
  market: "um",
  symbol,
  step: undefined,
});

export const openInterest = (period: Period = "5m", symbol = "BTCUSDT", venue: Venue = "binance"): Series => ({
  kind: "open-interest",
  venue,
  market: "um",
  symbol,
  step: period,
});
