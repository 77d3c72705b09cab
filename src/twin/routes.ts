import { MINUTE } from "../core/time.ts";
import type { Feed, Host } from "./feed.ts";
import { fundingRate } from "./funding.ts";
import { futuresKlines, futuresKlinesWeight, spotKlines } from "./klines.ts";
import { ALLOWANCES, type Budget } from "./limits.ts";
import { openInterestHist } from "./open-interest.ts";
import { Parameters } from "./parameters.ts";

export interface Call {
  readonly feed: Feed;
  readonly host: Host;
  readonly query: URLSearchParams;
  /** The server's time in milliseconds. */
  readonly now: number;
  readonly history: "30d" | "all";
}

export interface Route {
  readonly budget: Budget;
  weight(query: URLSearchParams): number;
  /** JSON texts of rows, or a whole body. @throws Refusal */
  answer(call: Call): readonly string[] | string;
}

const route = (budget: Budget, weight: number | Route["weight"], answer: Route["answer"]): Route => ({
  budget,
  weight: typeof weight === "number" ? () => weight : weight,
  answer,
});

const ping = () => "{}";
const time = ({ now }: Call) => `{"serverTime":${now}}`;
const klines = ({ feed, host, query, now }: Call) => spotKlines(feed, host, new Parameters(query), now);

const spot = (klinesWeight: number, infoWeight: number): Readonly<Record<string, Route>> => ({
  "/api/v3/ping": route("weight", 1, ping),
  "/api/v3/time": route("weight", 1, time),
  "/api/v3/exchangeInfo": route("weight", infoWeight, exchangeInfo),
  "/api/v3/klines": route("weight", klinesWeight, klines),
});

/** Every path that is answered. */
export const ROUTES: Readonly<Record<Host, Readonly<Record<string, Route>>>> = {
  "binance-us": spot(1, 10),
  "binance-spot": spot(2, 20),
  "binance-futures": {
    "/fapi/v1/ping": route("weight", 1, ping),
    "/fapi/v1/time": route("weight", 1, time),
    "/fapi/v1/exchangeInfo": route("weight", 1, exchangeInfo),
    "/fapi/v1/klines": route("weight", futuresKlinesWeight, ({ feed, query, now }) =>
      futuresKlines(feed, new Parameters(query), "symbol", now),
    ),
    "/fapi/v1/continuousKlines": route("weight", futuresKlinesWeight, ({ feed, query, now }) =>
      futuresKlines(feed, new Parameters(query), "pair", now),
    ),
    "/fapi/v1/fundingRate": route("funding", 1, ({ feed, query, now }) => fundingRate(feed, new Parameters(query), now)),
    "/futures/data/openInterestHist": route("data", 1, ({ feed, query, now, history }) =>
      openInterestHist(feed, new Parameters(query), now, history),
    ),
  },
};

function exchangeInfo({ feed, host, now }: Call): string {
  const { weight, raw } = ALLOWANCES[host];
  const limits = [
    { rateLimitType: "REQUEST_WEIGHT", allowance: weight },
    { rateLimitType: "RAW_REQUESTS", allowance: raw },
  ];
  return JSON.stringify({
    timezone: "UTC",
    serverTime: now,
    rateLimits: limits.flatMap(({ rateLimitType, allowance }) =>
      allowance ? [{ rateLimitType, interval: "MINUTE", intervalNum: allowance.window / MINUTE, limit: allowance.limit }] : [],
    ),
    exchangeFilters: [],
    symbols: feed.listings(host).map(({ symbol, tick, lot }) => ({
      symbol,
      status: "TRADING",
      baseAsset: symbol.replace(/USDT$/, ""),
      quoteAsset: "USDT",
      filters: [
        ...(tick ? [{ filterType: "PRICE_FILTER", tickSize: tick }] : []),
        ...(lot ? [{ filterType: "LOT_SIZE", stepSize: lot }] : []),
      ],
    })),
  });
}
