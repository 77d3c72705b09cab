import type { Call } from "./call.ts";
import { unknownSymbol } from "./klines.ts";
import { invalid } from "./parameters.ts";

const DEFAULT_LIMIT = 100;
const MAXIMUM = 1_000;
/** Rows where neither a time nor a limit is sent. */
const MOST_RECENT = 200;

/** `/fapi/v1/fundingRate`: the oldest rows from the start, or the newest ones where there is none. */
export function fundingRate({ feed, host, parameters, now }: Call): Uint8Array {
  const symbol = parameters.mandatory("symbol").toUpperCase();
  const from = parameters.whole("startTime");
  const to = parameters.whole("endTime");
  const fallback = from === undefined && to === undefined ? MOST_RECENT : DEFAULT_LIMIT;
  const limit = parameters.whole("limit") ?? fallback;
  if (limit === 0 || limit > MAXIMUM) throw invalid("limit");
  if (!feed.knows(host, symbol)) throw unknownSymbol();
  const end = from === undefined ? "newest" : "oldest";
  return feed.funding(symbol, { from: from ?? 0, to: (to ?? now) + 1, limit, end }, now);
}
