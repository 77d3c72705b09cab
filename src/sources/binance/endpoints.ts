import { OPEN_INTEREST_KEPT } from "../../core/rest-kept.ts";
import type { Market } from "../../core/series.ts";
import { MINUTE } from "../../core/time.ts";

/** One kind of question to a venue. */
export interface Route {
  readonly path: string;
  /** The parameter that carries the symbol. */
  readonly symbol: "symbol" | "pair";
  /** Parameters that never change. */
  readonly fixed: Readonly<Record<string, string>>;
  /** Most rows that one request asks for. */
  readonly limit: number;
  /** What a request for that many rows takes out of its budget. */
  weight(limit: number): number;
}

/** So many units of weight in so many milliseconds, for one address. */
export interface Allowance {
  readonly weight: number;
  readonly window: number;
}

/** A REST host: what is asked there, and what that costs. */
export interface Endpoint {
  readonly venue: "binance" | "binance-us";
  readonly market: Market;
  /** The environment variable that moves it. */
  readonly setting: string;
  readonly url: string;
  readonly time: string;
  readonly klines: Route;
  /** The host's allowance, which its answers report on. */
  readonly allowance: Allowance;
  readonly funding?: Route & { readonly allowance: Allowance };
  readonly openInterest?: Route & {
    readonly allowance: Allowance;
    /** Milliseconds; older values are not kept. */
    readonly horizon: number;
  };
}

const one = () => 1;

/** Documented: any limit up to 1000 costs the same. */
const spotKlines = (weight: number): Route => ({
  path: "/api/v3/klines",
  symbol: "symbol",
  fixed: {},
  limit: 1000,
  weight: () => weight,
});

/**
 * Documented bands: under 100 rows 1, under 500 2, up to 1000 5, above 10. Measured on 2026-10-07, 100 and 500 rows
 * still belong to the lower band; 499 costs 2 either way and brings the most rows for its weight.
 */
function futuresWeight(limit: number): number {
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1000 ? 5 : 10;
}

export const BINANCE_SPOT: Endpoint = {
  venue: "binance",
  market: "spot",
  setting: "CANDLELAKE_BINANCE_SPOT_REST",
  url: "https://data-api.binance.vision",
  time: "/api/v3/time",
  klines: spotKlines(2),
  allowance: { weight: 6000, window: MINUTE },
};

/** The documented 1,200 a minute; a live exchangeInfo of 2026-08-15 reportedly said 3,600, which is unconfirmed. */
export const BINANCE_US: Endpoint = {
  venue: "binance-us",
  market: "spot",
  setting: "CANDLELAKE_BINANCE_US_REST",
  url: "https://api.binance.us",
  time: "/api/v3/time",
  klines: spotKlines(1),
  allowance: { weight: 1200, window: MINUTE },
};

export const BINANCE_FUTURES: Endpoint = {
  venue: "binance",
  market: "um",
  setting: "CANDLELAKE_BINANCE_FUTURES_REST",
  url: "https://fapi.binance.com",
  time: "/fapi/v1/time",
  klines: {
    path: "/fapi/v1/continuousKlines",
    symbol: "pair",
    fixed: { contractType: "PERPETUAL" },
    limit: 499,
    weight: futuresWeight,
  },
  allowance: { weight: 2400, window: MINUTE },
  /** Answers carry no used-weight header. */
  funding: {
    path: "/fapi/v1/fundingRate",
    symbol: "symbol",
    fixed: {},
    limit: 1000,
    weight: one,
    allowance: { weight: 500, window: 5 * MINUTE },
  },
  openInterest: {
    path: "/futures/data/openInterestHist",
    symbol: "symbol",
    fixed: {},
    limit: 500,
    weight: one,
    allowance: { weight: 1000, window: 5 * MINUTE },
    horizon: OPEN_INTEREST_KEPT,
  },
};

export const ENDPOINTS: readonly Endpoint[] = [BINANCE_US, BINANCE_SPOT, BINANCE_FUTURES];

/** The endpoint that has a market. */
export function endpointOf(venue: Endpoint["venue"], market: Market): Endpoint | undefined {
  return ENDPOINTS.find((endpoint) => endpoint.venue === venue && endpoint.market === market);
}

/** Marks answers that carry made data; `1` where it is there. */
export const SYNTHETIC_HEADER = "x-candlelake-synthetic";
