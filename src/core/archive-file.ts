import { INTERVALS, type Interval } from "./interval.ts";
import type { Market, Series, Venue } from "./series.ts";
import { type Day, dayRange, type Month, monthRange, type TimeRange } from "./time.ts";

/** One file of the venue's bulk archive: a series over a calendar month or a UTC day. */
export interface ArchiveFile {
  readonly series: Series;
  readonly span: Month | Day;
}

export const isMonthly = ({ span }: ArchiveFile): boolean => span.length === 7;

/** The days that a file is of: `[00:00, 24:00)` UTC by open time, or by the label of an event. */
export const archiveRange = ({ span }: ArchiveFile): TimeRange =>
  span.length === 7 ? monthRange(span) : dayRange(span);

/** What the archive calls the kinds that it has of ours; open interest is part of its `metrics`. */
const TYPE: Partial<Record<Series["kind"], string>> = {
  klines: "klines",
  funding: "fundingRate",
  "open-interest": "metrics",
};

const MARKET: Record<Market, string> = { spot: "spot", um: "futures/um" };

/** The archive spells a month `1mo`, the API `1M`. */
const stepText = (step: string | undefined): string => (step === "1M" ? "1mo" : (step ?? ""));

/** The part of file names that tells what they hold: an interval for candles, else the type. */
function nameStem({ kind, step }: Series): string {
  return kind === "klines" ? stepText(step) : (TYPE[kind] as string);
}

/** The folder of a series' monthly or daily files, with a slash at its end. */
export function archiveFolder(series: Series, grain: "monthly" | "daily"): string {
  const type = TYPE[series.kind];
  if (!type) throw new TypeError(`the archive has no ${series.kind}`);
  const step = series.kind === "klines" ? `${stepText(series.step)}/` : "";
  return `data/${MARKET[series.market]}/${grain}/${type}/${series.symbol}/${step}`;
}

/** `BTCUSDT-1m-2024-12`: a file's name without its ending, and the stem of its member's. */
export const archiveStem = (file: ArchiveFile): string => `${file.series.symbol}-${nameStem(file.series)}-${file.span}`;

/** `BTCUSDT-1m-2024-12.zip`. */
export const archiveName = (file: ArchiveFile): string => `${archiveStem(file)}.zip`;

/** Where the file lies below the archive's host; its checksum lies beside it with `.CHECKSUM` at the end. */
export const archiveKey = (file: ArchiveFile): string =>
  archiveFolder(file.series, isMonthly(file) ? "monthly" : "daily") + archiveName(file);

const KEY =
  /^data\/(?<market>spot|futures\/um)\/(?<grain>monthly|daily)\/(?<type>klines|fundingRate|metrics)\/(?<symbol>[^/]+)\/(?:(?<step>[^/]+)\/)?[^/]+-(?<span>\d{4}-(?:0[1-9]|1[0-2])(?:-\d{2})?)\.zip$/;

/** The file that a key names; undefined for what is none of ours. Metrics are of 5 minutes. */
export function parseArchiveKey(key: string, venue: Venue): ArchiveFile | undefined {
  const { market, type, symbol, step, span } = KEY.exec(key)?.groups ?? {};
  if (!symbol || !span) return undefined;
  const kind = (["klines", "funding", "open-interest"] as const).find((known) => TYPE[known] === type);
  const interval = step === "1mo" ? "1M" : step;
  if (!kind || (kind === "klines" && !INTERVALS.includes(interval as Interval))) return undefined;
  const series: Series = {
    kind,
    venue,
    market: market === "spot" ? "spot" : "um",
    symbol,
    step: kind === "klines" ? (interval as Interval) : kind === "open-interest" ? "5m" : undefined,
  };
  const file = { series, span };
  return archiveKey(file) === key ? file : undefined;
}
