import type { Table } from "../core/table.ts";
import { CANDLE_COLUMNS } from "./klines.ts";

export const FUTURES_METRICS: Table = {
  name: "futures_metrics",
  doc: "Futures candles with the open interest and funding rate last known at each candle's close.",
  columns: [
    ...CANDLE_COLUMNS,
    {
      name: "open_interest",
      type: "FLOAT64",
      unit: "base",
      doc: "Last open interest known at the close, at most two periods old; NULL where there is none.",
    },
    {
      name: "funding_rate",
      type: "FLOAT64",
      unit: "fraction of the position",
      doc: "Last settled funding rate at the close, at most two funding intervals old; NULL where there is none.",
    },
    { name: "open_interest_value", type: "FLOAT64", unit: "quote", doc: "Open interest in the quote asset." },
    { name: "open_interest_time", type: "TIMESTAMP", unit: "UTC", doc: "When the open interest used was known." },
    { name: "funding_time", type: "TIMESTAMP", unit: "UTC", doc: "When the funding rate used was settled." },
  ],
  eventTime: "open_time",
  key: ["venue", "symbol", "interval", "open_time"],
  cluster: ["symbol", "interval"],
  source: "derived",
  loaded: true,
};
