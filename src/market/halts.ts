import type { Market, Venue } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";

/**
 * Minutes in which Binance's spot engine was halted and made no candles: first and last missing minute, UTC.
 * From public gap reports on the archive and REST (2017-08 … 2026-09); edges are known to about a minute. Futures
 * halts show as flat candles without volume, not as missing ones, and no halt of binance.us is established.
 */
const SPOT_HALTS: readonly (readonly [first: string, last: string])[] = [
  ["2017-09-06T16:01", "2017-09-06T22:59"],
  ["2017-12-18T10:01", "2017-12-18T10:13"],
  ["2017-12-18T12:30", "2017-12-18T13:33"],
  ["2018-01-04T03:01", "2018-01-04T05:05"],
  ["2018-02-08T00:29", "2018-02-09T09:58"],
  ["2018-02-10T06:00", "2018-02-10T06:14"],
  ["2018-02-11T04:01", "2018-02-11T04:34"],
  ["2018-06-26T02:00", "2018-06-26T11:59"],
  ["2018-06-27T13:00", "2018-06-27T14:44"],
  ["2018-07-04T00:23", "2018-07-04T07:59"],
  ["2018-10-19T06:00", "2018-10-19T09:29"],
  ["2018-11-14T02:00", "2018-11-14T08:59"],
  ["2019-03-12T02:00", "2019-03-12T07:59"],
  ["2019-05-15T03:00", "2019-05-15T12:59"],
  ["2019-06-07T21:14", "2019-06-07T22:14"],
  ["2019-08-15T02:00", "2019-08-15T09:59"],
  ["2019-11-13T02:00", "2019-11-13T04:19"],
  ["2019-11-25T02:00", "2019-11-25T03:59"],
  ["2020-02-09T02:00", "2020-02-09T02:59"],
  ["2020-02-19T11:36", "2020-02-19T17:29"],
  ["2020-03-04T09:22", "2020-03-04T11:29"],
  ["2020-04-25T02:00", "2020-04-25T04:29"],
  ["2020-06-28T02:00", "2020-06-28T05:29"],
  ["2020-11-30T06:00", "2020-11-30T06:59"],
  ["2020-12-21T14:07", "2020-12-21T17:59"],
  ["2020-12-25T02:00", "2020-12-25T02:59"],
  ["2021-02-11T03:41", "2021-02-11T04:59"],
  ["2021-03-06T02:00", "2021-03-06T03:29"],
  ["2021-04-20T02:00", "2021-04-20T04:29"],
  ["2021-04-25T04:01", "2021-04-25T08:44"],
  ["2021-08-13T02:00", "2021-08-13T06:29"],
  ["2021-09-29T07:00", "2021-09-29T08:59"],
  ["2023-03-24T12:40", "2023-03-24T13:59"],
];

const MINUTE = 60_000;

const HALTS: readonly TimeRange[] = SPOT_HALTS.map(([first, last]) => ({
  from: Date.parse(`${first}Z`),
  to: Date.parse(`${last}Z`) + MINUTE,
}));

/** Whether the whole of `[from, to)` lies in a known halt, give or take the minute to which edges are known. */
export function isHalt(venue: Venue, market: Market, range: TimeRange): boolean {
  if (venue !== "binance" || market !== "spot") return false;
  return HALTS.some((halt) => range.from >= halt.from - MINUTE && range.to <= halt.to + MINUTE);
}
