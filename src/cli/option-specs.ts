// Options that all commands have, or several, and the words that they take.
import type { OptionSpec } from "./spec.ts";

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: "config", value: "FILE", doc: "Settings file (default: candlelake.config.json, if it is there)" },
  { name: "data", value: "DIR", doc: "Folder of the lake (default: data)" },
  { name: "bucket", value: "gs://NAME", doc: "The lake in Cloud Storage too (default: the folder alone)" },
  {
    name: "warehouse",
    value: "URL",
    doc: "duckdb:PATH or bigquery:PROJECT.DATASET (default: duckdb:<data>/candlelake.duckdb)",
  },
  { name: "project", value: "P", doc: "Short for --warehouse bigquery:P.btc_forecast_raw" },
  { name: "dataset", value: "D", doc: "Beside --project: another dataset" },
  { name: "location", value: "L", doc: "Where datasets of BigQuery are made (default: us-central1)" },
  { name: "synthetic", alias: "dummy", doc: "Made data, in a world of their own" },
  {
    name: "format",
    value: "FORMAT",
    doc: "text, json, csv or ndjson (default: text)",
    choices: ["text", "json", "csv", "ndjson"],
  },
  { name: "quiet", short: "q", doc: "No talk but errors, and no summary of what was done" },
  { name: "verbose", short: "v", doc: "A line for every step" },
  { name: "no-progress", doc: "No progress line" },
  {
    name: "log",
    value: "STYLE",
    doc: "text, or json: an event a line for Cloud Logging (CANDLELAKE_LOG; default: json on Cloud Run, text elsewhere)",
    choices: ["text", "json"],
  },
  { name: "help", short: "h", doc: "This text" },
  { name: "version", doc: "The version" },
];

export const TOPICS = ["spot", "futures", "funding", "open-interest"];
export const TABLES = ["spot_klines", "futures_klines", "funding_rates", "open_interest", "futures_metrics"];
export const INTERVALS = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"];
export const PERIODS = ["5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"];
export const VENUES = ["binance", "binance-us"];

export const RANGE: readonly OptionSpec[] = [
  { name: "date", value: "D", doc: "One UTC day (2025-01-01), or a month (2025-01)" },
  { name: "from", value: "D", doc: "First day or instant" },
  { name: "to", value: "D", doc: "End, exclusive (default: the last closed candle)" },
];

export const ARCHIVES: readonly OptionSpec[] = [
  { name: "keep-archives", value: "DIR", doc: "Keep verified bulk files there, and use them next time" },
  {
    name: "verify-archives",
    doc: "Compare bulk files taken in with what is published now; takes in revisions, and what was missing",
  },
];

export const MAX_RUNTIME: OptionSpec = {
  name: "max-runtime",
  value: "T",
  doc: "Stop cleanly after 90s, 45m or 1h30m; exit 1 where steps are left",
};

export const SYMBOL: OptionSpec = {
  name: "symbol",
  value: "S",
  alias: "pair",
  doc: "The venue's symbol, such as BTCUSDT",
};
