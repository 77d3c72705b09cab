import type { Table } from "../core/table.ts";
import { HOUR } from "../core/time.ts";

export const FUNDING_RATES: Table = {
  name: "funding_rates",
  doc: "Funding events of USD-M perpetual futures, as they were settled. No fixed grid: the hours between events vary by symbol and over time.",
  columns: [
    {
      name: "funding_time",
      type: "TIMESTAMP",
      unit: "UTC",
      doc: "Settlement time as sent, with its jitter of some milliseconds.",
    },
    {
      name: "funding_rate",
      type: "FLOAT64",
      unit: "fraction of the position",
      doc: "Rate paid from longs to shorts (negative: the other way) for one funding interval. Not annualised.",
    },
    {
      name: "interval_hours",
      type: "INT64",
      unit: "hours",
      doc: "Hours since the event before it; where that one is in another archive file, or missing from the file, the interval that the file states. NULL only for the symbol's first event.",
    },
    {
      name: "mark_price",
      type: "FLOAT64",
      unit: "quote per base",
      doc: "Mark price at settlement; NULL where there is none: rows of archive files, and old events over REST.",
    },
    { name: "symbol", type: "STRING", unit: "", doc: "The venue's symbol, upper case." },
    { name: "venue", type: "STRING", unit: "", doc: "binance, or synthetic for made data." },
    { name: "source", type: "STRING", unit: "", doc: "rest, archive-monthly or synthetic." },
  ],
  eventTime: "funding_time",
  key: ["venue", "symbol", "funding_time"],
  cluster: ["symbol"],
  source: "fetched",
  loaded: true,
};

/**
 * Whole hours since the event before, settlement jitter rounded away. Two events of one time (a regular and a special
 * one) both count from the one before them.
 */
export function intervals(events: readonly { readonly time: number }[], before: number | undefined): (number | null)[] {
  let [last, previous] = [before, before];
  return events.map(({ time }) => {
    if (time !== last) [previous, last] = [last, time];
    return previous === undefined ? null : Math.round((time - previous) / HOUR);
  });
}
