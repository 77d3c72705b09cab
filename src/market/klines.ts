import type { ColumnSpec, Table } from "../core/table.ts";

/** The fifteen columns of a candle, shared by spot, futures and the metrics derived from them. */
export const CANDLE_COLUMNS: readonly ColumnSpec[] = [
  {
    name: "ts",
    type: "TIMESTAMP",
    unit: "UTC",
    doc: "Close time as the venue gives it, to the millisecond (…:59:59.999).",
  },
  {
    name: "open",
    type: "FLOAT64",
    unit: "quote per base",
    doc: "First trade's price; the double nearest to the venue's decimal text.",
  },
  { name: "high", type: "FLOAT64", unit: "quote per base", doc: "Highest trade's price." },
  { name: "low", type: "FLOAT64", unit: "quote per base", doc: "Lowest trade's price." },
  { name: "close", type: "FLOAT64", unit: "quote per base", doc: "Last trade's price." },
  { name: "volume", type: "FLOAT64", unit: "base", doc: "Traded amount of the base asset." },
  {
    name: "quote_volume",
    type: "FLOAT64",
    unit: "quote",
    doc: "Traded amount of the quote asset. About one real BTCUSDT value in 1,500 has more digits than a double; it is correctly rounded.",
  },
  { name: "num_trades", type: "INT64", unit: "trades", doc: "Number of trades." },
  { name: "taker_buy_base_volume", type: "FLOAT64", unit: "base", doc: "Base amount that takers bought." },
  { name: "taker_buy_quote_volume", type: "FLOAT64", unit: "quote", doc: "Quote amount that takers paid for it." },
  {
    name: "interval",
    type: "STRING",
    unit: "",
    doc: "Candle length in the venue's spelling (1m … 1M). A reserved word in GoogleSQL: quote it.",
    partitionKey: true,
  },
  { name: "open_time", type: "TIMESTAMP", unit: "UTC", doc: "Open time; identifies the candle within its series." },
  { name: "symbol", type: "STRING", unit: "", doc: "The venue's symbol, upper case." },
  {
    name: "venue",
    type: "STRING",
    unit: "",
    doc: "binance, binance-us, or synthetic for made data. Venues are different markets.",
  },
  {
    name: "source",
    type: "STRING",
    unit: "",
    doc: "rest, archive-daily, archive-monthly, stream, derived or synthetic.",
  },
];

const klines = (name: "spot_klines" | "futures_klines", doc: string, loaded: boolean): Table => ({
  name,
  doc,
  columns: CANDLE_COLUMNS,
  eventTime: "open_time",
  key: ["venue", "symbol", "interval", "open_time"],
  cluster: ["symbol", "interval"],
  source: "fetched",
  loaded,
});

export const SPOT_KLINES = klines("spot_klines", "Closed spot candles.", true);
export const FUTURES_KLINES = klines(
  "futures_klines",
  "Closed candles of USD-M perpetual futures. Stays in the lake: the warehouse has them in futures_metrics.",
  false,
);
