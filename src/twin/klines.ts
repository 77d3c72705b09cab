import { INTERVALS, type Interval } from "../core/interval.ts";
import { refusal } from "./answer.ts";
import type { Feed, Host } from "./feed.ts";
import { illegal, invalid, type Parameters } from "./parameters.ts";

const DEFAULT_LIMIT = 500;
const SPOT_MAXIMUM = 1_000;
const FUTURES_MAXIMUM = 1_500;

const SPOT_SYMBOL = /^[A-Z0-9\-_.]{1,20}$/;
const CONTRACTS = ["PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER", "TRADIFI_PERPETUAL"];

/** `/api/v3/klines`. */
export function spotKlines(feed: Feed, host: Host, parameters: Parameters, now: number): readonly string[] {
  const symbol = parameters.mandatory("symbol");
  if (!SPOT_SYMBOL.test(symbol)) throw illegal("symbol", "^[A-Z0-9-_.]{1,20}$");
  const interval = intervalIn(parameters);
  const from = parameters.whole("startTime");
  const to = parameters.whole("endTime");
  const limit = parameters.whole("limit") ?? DEFAULT_LIMIT;
  if (host === "binance-spot") parameters.optional("timeZone");
  parameters.nothingElse();
  if (limit === 0) throw invalid("limit");
  if (!feed.knows(host, symbol)) throw unknownSymbol();
  return klinesIn(feed, host, symbol, interval, from, to, Math.min(limit, SPOT_MAXIMUM), now);
}

/** `/fapi/v1/klines` and, by `pair` and `contractType`, `/fapi/v1/continuousKlines`. */
export function futuresKlines(feed: Feed, parameters: Parameters, by: "symbol" | "pair", now: number): readonly string[] {
  const symbol = parameters.mandatory(by).toUpperCase();
  const contract = by === "pair" ? parameters.mandatory("contractType") : "PERPETUAL";
  if (!CONTRACTS.includes(contract)) throw invalid("contractType");
  const interval = intervalIn(parameters);
  const from = parameters.whole("startTime");
  const to = parameters.whole("endTime");
  const limit = parameters.whole("limit") ?? DEFAULT_LIMIT;
  if (limit === 0 || limit > FUTURES_MAXIMUM) throw invalid("limit");
  if (from !== undefined && to !== undefined && from > to) throw refusal(400, -1023, "Start time is greater than end time.");
  if (!feed.knows("binance-futures", symbol)) throw unknownSymbol();
  if (contract !== "PERPETUAL") return [];
  return klinesIn(feed, "binance-futures", symbol, interval, from, to, limit, now);
}

/** Weight of a futures klines request. Without a limit it costs what the default limit does not. */
export function futuresKlinesWeight(query: URLSearchParams): number {
  const limit = query.has("limit") ? Number(query.get("limit")) : 1_000;
  if (limit <= 100) return 1;
  if (limit <= 500) return 2;
  return limit <= 1_000 ? 5 : 10;
}

export const unknownSymbol = () => refusal(400, -1121, "Invalid symbol.");

function intervalIn(parameters: Parameters): Interval {
  const text = parameters.mandatory("interval");
  const interval = INTERVALS.find((known) => known === text);
  if (!interval) throw refusal(400, -1120, "Invalid interval.");
  return interval;
}

/** Both ends are inclusive and compare with the open time. Without a start the newest rows come, with one the oldest. */
const klinesIn = (
  feed: Feed,
  host: Host,
  symbol: string,
  interval: Interval,
  from: number | undefined,
  to: number | undefined,
  limit: number,
  now: number,
): readonly string[] => {
  const end = from === undefined ? "newest" : "oldest";
  return feed.klines(host, symbol, interval, { from: from ?? 0, to: (to ?? now) + 1, limit, end }, now);
};
