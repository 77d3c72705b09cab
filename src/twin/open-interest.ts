import { PERIODS } from "../core/interval.ts";
import { OPEN_INTEREST_KEPT } from "../core/rest-kept.ts";
import { NO_ROWS, refusal } from "./answer.ts";
import type { Call } from "./call.ts";

const DEFAULT_LIMIT = 30;
const MAXIMUM = 500;

/** `/futures/data/openInterestHist`. A start before the horizon is an error, an unknown symbol is an empty list. */
export function openInterestHist({ feed, host, parameters, now, history }: Call): Uint8Array {
  const symbol = parameters.mandatory("symbol").toUpperCase();
  const text = parameters.mandatory("period");
  const from = parameters.whole("startTime");
  const to = parameters.whole("endTime");
  const limit = parameters.whole("limit") ?? DEFAULT_LIMIT;
  const horizon = history === "all" ? 0 : now - OPEN_INTEREST_KEPT;
  const period = PERIODS.find((known) => known === text);
  if (!period) throw invalidParameter("period");
  if (limit === 0 || limit > MAXIMUM) throw invalidParameter("limit");
  if (from !== undefined && from < horizon) throw invalidParameter("startTime");
  if (from !== undefined && to !== undefined && to < from) throw invalidParameter("endTime");
  if (!feed.knows(host, symbol)) return NO_ROWS;
  const end = from === undefined ? "newest" : "oldest";
  return feed.openInterest(symbol, period, { from: from ?? horizon, to: (to ?? now) + 1, limit, end }, now);
}

/** These routes word it differently from the others. */
const invalidParameter = (name: string) => refusal(400, -1130, `parameter '${name}' is invalid.`);
