import type { RecordedSeries } from "./recording.ts";

export interface RecordedFile extends RecordedSeries {
  readonly format: "csv" | "zip" | "json";
}

const SYMBOL = "(?<symbol>[A-Z0-9_]+)";
const STEP = "(?<step>\\d+(?:m|h|d|w|mo|M))";

/** Where recordings lie in a folder, relative to it. The bulk archive's own paths lie under `vision/`. */
const PLACES: readonly (readonly [pattern: RegExp, file: Omit<RecordedFile, "symbol" | "step">])[] = [
  [path(`csv/spot[^/]*/${SYMBOL}-${STEP}[^/]*\\.csv`), { host: "binance-spot", kind: "klines", format: "csv" }],
  [path(`csv/um[^/]*/${SYMBOL}-${STEP}[^/]*\\.csv`), { host: "binance-futures", kind: "klines", format: "csv" }],
  [path(`csv/um[^/]*/${SYMBOL}-funding[^/]*\\.csv`), { host: "binance-futures", kind: "funding", format: "csv" }],
  [
    path(`csv/um[^/]*/${SYMBOL}-oi-${STEP}[^/]*\\.csv`),
    { host: "binance-futures", kind: "open-interest", format: "csv" },
  ],
  [
    path(`json/binance_us/klines_${SYMBOL.replace("_", "")}_${STEP}_[^/]*\\.json`),
    { host: "binance-us", kind: "klines", format: "json" },
  ],
  [
    path(`vision/data/spot/[^/]+/klines/${SYMBOL}/${STEP}/[^/]*\\.zip`),
    { host: "binance-spot", kind: "klines", format: "zip" },
  ],
  [
    path(`vision/data/futures/um/[^/]+/klines/${SYMBOL}/${STEP}/[^/]*\\.zip`),
    { host: "binance-futures", kind: "klines", format: "zip" },
  ],
  [
    path(`vision/data/futures/um/[^/]+/fundingRate/${SYMBOL}/[^/]*\\.zip`),
    { host: "binance-futures", kind: "funding", format: "zip" },
  ],
];

function path(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`);
}

/** What a file of a replay folder holds, by its path in there with slashes; undefined where it is not for us. */
export function recordedFile(file: string): RecordedFile | undefined {
  for (const [pattern, rest] of PLACES) {
    const groups = pattern.exec(file)?.groups;
    // The archive spells a month `1mo`, the API `1M`.
    if (groups?.["symbol"])
      return { ...rest, symbol: groups["symbol"], step: (groups["step"] ?? "").replace("mo", "M") };
  }
  return undefined;
}
