import { UsageError } from "./errors.ts";
import type { Interval, Period } from "./interval.ts";
import { didYouMean } from "./suggest.ts";

export const VENUES = ["binance", "binance-us", "synthetic"] as const;
export type Venue = (typeof VENUES)[number];

export const MARKETS = ["spot", "um"] as const;
/** The venue's segment: `spot`, or `um` for USD-M perpetual futures. */
export type Market = (typeof MARKETS)[number];

/** What the series consists of; a table holds series of one kind. */
export type Kind = "klines" | "funding" | "open-interest" | "metrics";

/**
 * One stream of rows. `step` is the candle interval, the open-interest period, or undefined for funding events.
 */
export interface Series {
  readonly kind: Kind;
  readonly venue: Venue;
  readonly market: Market;
  readonly symbol: string;
  readonly step: Interval | Period | undefined;
}

const SYMBOL = /^[A-Z0-9\p{Script=Han}]{2,30}(?:_[0-9]{6})?$/u;

/**
 * The venue's spelling of a symbol, upper case.
 * @throws UsageError where the text cannot be a symbol (and so never reaches a path or a URL)
 */
export function parseSymbol(text: string, flag = "--symbol"): string {
  const symbol = text.toUpperCase();
  if (SYMBOL.test(symbol)) return symbol;
  throw new UsageError(
    "bad-symbol",
    `${flag} ${JSON.stringify(text)} is no symbol: the venue spells them like BTCUSDT.`,
    "candlelake ingest --help",
  );
}

export function parseVenue(text: string, flag = "--venue"): Exclude<Venue, "synthetic"> {
  if (text === "binance" || text === "binance-us") return text;
  throw new UsageError(
    "bad-venue",
    text === "synthetic"
      ? `${flag} synthetic: made data have a switch of their own, --synthetic.`
      : `${flag} ${JSON.stringify(text)} is no venue${didYouMean(text, ["binance", "binance-us"])} Known: binance binance-us.`,
    "candlelake ingest --help",
  );
}

/** `binance BTCUSDT um 1h`: how messages name a series. */
export const seriesLabel = (series: Series): string =>
  [series.venue, series.symbol, series.market, stem(series)].join(" ");

/** The part of a file's name that tells the kind and step: `1h`, `funding`, `oi_5m`. */
export function stem(series: Series): string {
  if (series.kind === "funding") return "funding";
  if (series.kind === "open-interest") return `oi_${series.step}`;
  return String(series.step);
}
