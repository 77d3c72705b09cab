import { MINUTE } from "../core/time.ts";
import { bytesOf } from "./answer.ts";
import type { Call } from "./call.ts";
import type { Host } from "./feed.ts";
import { fundingRate } from "./funding.ts";
import { continuousKlines, futuresKlines, futuresKlinesWeight, spotKlines } from "./klines.ts";
import { ALLOWANCES, type Budget } from "./limits.ts";
import { openInterestHist } from "./open-interest.ts";

export interface Route {
  readonly budget: Budget;
  /** What it costs, even where it is refused. */
  weight(query: URLSearchParams): number;
  /** Whether it answers rows. */
  readonly rows: boolean;
  /** The body of a 200. @throws Refusal */
  answer(call: Call): Uint8Array;
}

/** Answers a small JSON text. */
const text = (weight: number, write: (call: Call) => string): Route => ({
  budget: "weight",
  rows: false,
  weight: () => weight,
  answer: (call) => bytesOf(write(call)),
});

/** Answers a list of rows. */
const list = (budget: Budget, weight: number | Route["weight"], answer: Route["answer"]): Route => ({
  budget,
  rows: true,
  weight: typeof weight === "number" ? () => weight : weight,
  answer,
});

const ping = text(1, () => "{}");
const time = text(1, ({ now }) => `{"serverTime":${now}}`);

const spot = (klinesWeight: number, infoWeight: number): Readonly<Record<string, Route>> => ({
  "/api/v3/ping": ping,
  "/api/v3/time": time,
  "/api/v3/exchangeInfo": text(infoWeight, exchangeInfo),
  "/api/v3/klines": list("weight", klinesWeight, spotKlines),
});

/** Every path that is answered. */
export const ROUTES: Readonly<Record<Host, Readonly<Record<string, Route>>>> = {
  "binance-us": spot(1, 10),
  "binance-spot": spot(2, 20),
  "binance-futures": {
    "/fapi/v1/ping": ping,
    "/fapi/v1/time": time,
    "/fapi/v1/exchangeInfo": text(1, exchangeInfo),
    "/fapi/v1/klines": list("weight", futuresKlinesWeight, futuresKlines),
    "/fapi/v1/continuousKlines": list("weight", futuresKlinesWeight, continuousKlines),
    "/fapi/v1/fundingRate": list("funding", 1, fundingRate),
    "/futures/data/openInterestHist": list("data", 1, openInterestHist),
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
      allowance
        ? [{ rateLimitType, interval: "MINUTE", intervalNum: allowance.window / MINUTE, limit: allowance.limit }]
        : [],
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
