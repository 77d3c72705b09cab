// Words only: `--help` reads this file and nothing else, so that it is there at once.
import type { CommandSpec, OptionSpec } from "./spec.ts";

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

const TOPICS = ["spot", "futures", "funding", "open-interest"];
const TABLES = ["spot_klines", "futures_klines", "funding_rates", "open_interest", "futures_metrics"];
const INTERVALS = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"];
const PERIODS = ["5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"];
const VENUES = ["binance", "binance-us"];

const RANGE: readonly OptionSpec[] = [
  { name: "date", value: "D", doc: "One UTC day (2025-01-01), or a month (2025-01)" },
  { name: "from", value: "D", doc: "First day or instant" },
  { name: "to", value: "D", doc: "End, exclusive (default: the last closed candle)" },
];

const ARCHIVES: readonly OptionSpec[] = [
  { name: "keep-archives", value: "DIR", doc: "Keep verified bulk files there, and use them next time" },
  { name: "verify-archives", doc: "Compare bulk files taken in with what is published now; takes revisions in" },
];

const MAX_RUNTIME: OptionSpec = {
  name: "max-runtime",
  value: "T",
  doc: "Stop cleanly after 90s, 45m or 1h30m; exit 1 where steps are left",
};

const SYMBOL: OptionSpec = { name: "symbol", value: "S", alias: "pair", doc: "The venue's symbol, such as BTCUSDT" };

/** Every command's words: what `--help`, the parser, completion and the reference page are made from. */
export const SPECS: readonly CommandSpec[] = [
  {
    name: "demo",
    summary: "The main job from nothing to a first query, in a folder of its own",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [],
    about: "Asks the public venues for at most 5 s. Where they do not answer it says why and goes on with made data.",
    examples: ["candlelake demo", "candlelake demo --synthetic"],
  },
  {
    name: "init",
    summary: "Write candlelake.config.json with its JSON Schema beside it",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [],
    about: "An existing file is left alone.",
    examples: ["candlelake init"],
  },
  {
    name: "setup",
    summary: "Create what the warehouse needs; safe to repeat",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [
      { name: "description", value: "TEXT", doc: "Of the datasets, where they are made" },
      { name: "move-existing", doc: "Copy a table of the same name aside (…_legacy_DATE) and make ours" },
      { name: "dry-run", doc: "Print the DDL and ask no warehouse" },
    ],
    examples: [
      "candlelake setup",
      "candlelake setup --project my-project --dataset btc_forecast_raw --location us-central1",
      "candlelake setup --dry-run",
    ],
  },
  {
    name: "ingest",
    summary: "Fetch, check and store a range",
    args: TOPICS.join("|"),
    minArgs: 1,
    maxArgs: 1,
    argChoices: TOPICS,
    options: [
      SYMBOL,
      {
        name: "interval",
        value: "I",
        doc: `Candle length, or several with commas (default: 1h): ${INTERVALS.join(" ")}`,
        suggestions: INTERVALS,
      },
      {
        name: "period",
        value: "P",
        doc: `Open interest's period (default: 5m): ${PERIODS.join(" ")}`,
        suggestions: PERIODS,
      },
      {
        name: "venue",
        value: "V",
        doc: "binance or binance-us (default: binance-us for spot, binance else)",
        suggestions: VENUES,
      },
      ...RANGE,
      {
        name: "source",
        value: "S",
        doc: "auto, rest or archive (default: auto, the plan decides for each day and says why)",
        choices: ["auto", "rest", "archive"],
      },
      ...ARCHIVES,
      { name: "force", doc: "Read again what is there; says unchanged or revised" },
      MAX_RUNTIME,
      { name: "dry-run", doc: "Print the steps and do nothing" },
    ],
    about:
      "Ranges are widened to whole UTC days. `futures` brings candles, funding and open interest, and derives futures_metrics.",
    examples: [
      "candlelake ingest spot --symbol BTCUSDT --interval 1h --date 2025-01-01",
      "candlelake ingest futures --symbol BTCUSDT --interval 1h --from 2025-01-01 --to 2025-02-01",
      "candlelake ingest spot --venue binance --symbol BTCUSDT,ETHUSDT --interval 1h,1d --from 2025-01 --to 2025-03",
      "candlelake ingest spot --venue binance --symbol ETHUSDT --interval 1m --from 2025-01 --synthetic",
    ],
  },
  {
    name: "upload",
    summary: "Copy to the bucket what it lacks",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [MAX_RUNTIME, { name: "dry-run", doc: "Print the steps and do nothing" }],
    about: "`ingest` and `run` do it too where a bucket is named; this one takes the whole lake.",
    examples: ["candlelake upload --bucket gs://my-data", "candlelake upload --bucket gs://my-data --dry-run"],
  },
  {
    name: "load",
    summary: "Make the warehouse equal to the lake",
    args: `[${TOPICS.join("|")}]`,
    minArgs: 0,
    maxArgs: 1,
    argChoices: TOPICS,
    options: [
      ...RANGE,
      { name: "prune", doc: "Also empty the months that the lake no longer has; without it they are named and stay" },
      MAX_RUNTIME,
      { name: "dry-run", doc: "Print the steps and do nothing" },
    ],
    about: "Ranges are widened to whole load units, which are calendar months.",
    examples: [
      "candlelake load",
      "candlelake load spot --from 2025-01 --to 2025-03",
      "candlelake load spot --project my-project --bucket gs://my-data",
      "candlelake load --prune --dry-run",
    ],
  },
  {
    name: "run",
    summary: "Ingest, upload and load every configured series, to the last closed candle",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [...ARCHIVES, MAX_RUNTIME, { name: "dry-run", doc: "The same as plan" }],
    examples: ["candlelake run", "candlelake run --max-runtime 45m --format json"],
  },
  {
    name: "plan",
    summary: "The steps that run would take, each with its reason",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [],
    examples: ["candlelake plan", "candlelake plan --format csv"],
  },
  {
    name: "status",
    summary: "What is there of each series, what is missing, what is loaded",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [],
    examples: ["candlelake status", "candlelake status --format json"],
  },
  {
    name: "query",
    summary: "Read-only SQL on the warehouse, or on the lake's files",
    args: '"SQL"',
    minArgs: 1,
    maxArgs: 1,
    options: [
      { name: "lake", doc: "Ask the Parquet files instead of the warehouse" },
      { name: "dry-run", doc: "Say how many bytes BigQuery would read, and run nothing" },
      { name: "max-bytes", value: "N", doc: "Bytes that BigQuery may bill for, such as 500M or 10G (default: 1G)" },
    ],
    examples: [
      'candlelake query "SELECT open_time, close FROM spot_klines ORDER BY open_time DESC LIMIT 5"',
      'candlelake query --lake "SELECT count(*) AS n FROM futures_klines" --format json',
    ],
  },
  {
    name: "export",
    summary: "Rows of a range to one Parquet, CSV or Arrow file",
    args: "TABLE",
    minArgs: 1,
    maxArgs: 1,
    argSuggestions: TABLES,
    options: [
      { name: "output", value: "FILE", short: "o", doc: "Where to; its ending tells the kind: .parquet .csv .arrow" },
      SYMBOL,
      {
        name: "interval",
        value: "I",
        doc: "Only this candle length, or open interest's period",
        suggestions: INTERVALS,
      },
      { name: "venue", value: "V", doc: "Only this venue", suggestions: VENUES },
      ...RANGE,
    ],
    about: "From the lake's files, in order of series and time.",
    examples: [
      "candlelake export spot_klines -o btc.parquet --symbol BTCUSDT --interval 1h --from 2025-01 --to 2026-01",
    ],
  },
  {
    name: "clean",
    summary: "Remove what nothing refers to, and show it",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [{ name: "dry-run", doc: "Only show it" }],
    about:
      "Files of partitions that no manifest names, refused rows of entries that are no more, damaged manifests that were\n" +
      "made anew. What is not named like the lake's own files is never touched.",
    examples: ["candlelake clean --dry-run", "candlelake clean"],
  },
  {
    name: "schema",
    summary: "Columns with types, units and docs",
    args: "[TABLE]",
    minArgs: 0,
    maxArgs: 1,
    argSuggestions: TABLES,
    options: [
      {
        name: "as",
        value: "KIND",
        doc: "duckdb or bigquery (DDL), parquet, typescript or markdown",
        choices: ["duckdb", "bigquery", "parquet", "typescript", "markdown"],
      },
    ],
    examples: ["candlelake schema", "candlelake schema spot_klines --as bigquery"],
  },
  {
    name: "config",
    summary: "Every setting, and where its value came from",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [],
    about:
      "A flag comes before the environment, the environment before the file, the file before the default.\n" +
      "Environment: CANDLELAKE_DATA, CANDLELAKE_BUCKET (or DATA_BUCKET), CANDLELAKE_WAREHOUSE, CANDLELAKE_SYNTHETIC=1,\n" +
      "GOOGLE_CLOUD_PROJECT, CANDLELAKE_BINANCE_US_REST, CANDLELAKE_BINANCE_SPOT_REST,\n" +
      "CANDLELAKE_BINANCE_FUTURES_REST, CANDLELAKE_BINANCE_ARCHIVE, CANDLELAKE_BINANCE_ARCHIVE_LIST,\n" +
      "CANDLELAKE_STORAGE_ENDPOINT (or STORAGE_EMULATOR_HOST), CANDLELAKE_BIGQUERY_ENDPOINT (or\n" +
      "BIGQUERY_EMULATOR_HOST). File: candlelake.config.json, which init writes.",
    examples: ["candlelake config", "candlelake config --format json"],
  },
  {
    name: "twin",
    summary: "Local stand-ins for the venues and for Google, for rehearsals and tests",
    args: "",
    minArgs: 0,
    maxArgs: 0,
    options: [
      { name: "google", doc: "Cloud Storage and BigQuery too: an empty bucket demo-bucket, and a project demo" },
      { name: "replay", value: "DIR", doc: "Serve the real files of a folder instead of made data" },
      { name: "faults", value: "SPEC", doc: "Go wrong on demand, such as 429@3,cut@p0.05" },
      { name: "port", value: "N", doc: "Port on 127.0.0.1 (default: any free one)" },
      { name: "now", value: "T", doc: "Stop the venue's clock at this instant" },
      { name: "seed", value: "N", doc: "Another made market" },
      {
        name: "history",
        value: "KEPT",
        doc: "venue: only what the venue keeps; all: everything (default: venue)",
        choices: ["venue", "all"],
      },
      {
        name: "archive",
        value: "PART",
        doc: "listing: the bulk archive's files and their list; files: without the list; none: no archive (default: listing)",
        choices: ["listing", "files", "none"],
      },
    ],
    about: "Prints NAME=value for each setting, a line each, then `ready`, and serves until it is stopped.",
    examples: [
      "candlelake twin",
      "candlelake twin --faults 429@3 --now 2025-02-01T00:00Z",
      "candlelake twin --google --faults 503-after@POST/upload@2",
    ],
  },
  {
    name: "completion",
    summary: "Shell completion",
    args: "bash|zsh|fish",
    minArgs: 1,
    maxArgs: 1,
    argChoices: ["bash", "zsh", "fish"],
    options: [],
    examples: ["candlelake completion bash > ~/.local/share/bash-completion/completions/candlelake"],
  },
];
