import { INTERVALS, type Interval } from "../core/interval.ts";
import { NO_ROWS, refusal } from "./answer.ts";
import type { Call } from "./call.ts";
import { illegal, invalid, type Parameters } from "./parameters.ts";

const DEFAULT_LIMIT = 500;
const SPOT_MAXIMUM = 1_000;
const FUTURES_MAXIMUM = 1_500;

const SPOT_SYMBOL = /^[A-Z0-9\-_.]{1,20}$/;
const CONTRACTS = ["PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER", "TRADIFI_PERPETUAL"];

/** `/api/v3/klines`. */
export function spotKlines(call: Call): Uint8Array {
  const { feed, host, parameters } = call;
  const symbol = parameters.mandatory("symbol");
  if (!SPOT_SYMBOL.test(symbol)) throw illegal("symbol", "^[A-Z0-9-_.]{1,20}$");
  const interval = intervalIn(parameters);
  const from = parameters.whole("startTime");
  const to = parameters.whole("endTime");
  const limit = parameters.whole("limit") ?? DEFAULT_LIMIT;
  parameters.nothingElse();
  if (limit === 0) throw invalid("limit");
  if (!feed.knows(host, symbol)) throw unknownSymbol();
  return klinesIn(call, symbol, interval, from, to, Math.min(limit, SPOT_MAXIMUM));
}

/** `/fapi/v1/klines`. */
export const futuresKlines = (call: Call): Uint8Array =>
  contractKlines(call, call.parameters.mandatory("symbol"), "PERPETUAL");

/** `/fapi/v1/continuousKlines`: the same contracts by pair and type. */
export function continuousKlines(call: Call): Uint8Array {
  const pair = call.parameters.mandatory("pair");
  const contract = call.parameters.mandatory("contractType");
  if (!CONTRACTS.includes(contract)) throw invalid("contractType");
  return contractKlines(call, pair, contract);
}

/** Futures take lower case too. */
function contractKlines(call: Call, name: string, contract: string): Uint8Array {
  const { feed, host, parameters } = call;
  const symbol = name.toUpperCase();
  const interval = intervalIn(parameters);
  const from = parameters.whole("startTime");
  const to = parameters.whole("endTime");
  const limit = parameters.whole("limit") ?? DEFAULT_LIMIT;
  if (limit === 0 || limit > FUTURES_MAXIMUM) throw invalid("limit");
  if (from !== undefined && to !== undefined && from > to)
    throw refusal(400, -1023, "Start time is greater than end time.");
  if (!feed.knows(host, symbol)) throw unknownSymbol();
  if (contract !== "PERPETUAL") return NO_ROWS;
  return klinesIn(call, symbol, interval, from, to, limit);
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
function klinesIn(
  { feed, host, now }: Call,
  symbol: string,
  interval: Interval,
  from: number | undefined,
  to: number | undefined,
  limit: number,
): Uint8Array {
  const end = from === undefined ? "newest" : "oldest";
  return feed.klines(host, symbol, interval, { from: from ?? 0, to: (to ?? now) + 1, limit, end }, now);
}
