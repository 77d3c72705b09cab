import { type ArchiveRows, decodeArchive } from "../../src/archive/decode.ts";
import { type ArchiveFile, archiveStem } from "../../src/core/archive-file.ts";
import { DataError } from "../../src/core/errors.ts";
import { fixedLength, type Interval } from "../../src/core/interval.ts";
import { funding, futures, openInterest, spot } from "./series.ts";
import { zipOf } from "./zip.ts";

export const WHERE = "data.example/file.zip";

export const spotFile = (interval: Interval, span: string): ArchiveFile => ({
  series: spot(interval, "BTCUSDT", "binance"),
  span,
});
export const futuresFile = (interval: Interval, span: string): ArchiveFile => ({ series: futures(interval), span });
export const fundingFile = (span: string): ArchiveFile => ({ series: funding(), span });
export const metricsFile = (span: string): ArchiveFile => ({ series: openInterest(), span });

/** A file's ZIP as the venue would make it. */
export const archiveOf = (file: ArchiveFile, csv: string | Uint8Array): Buffer =>
  zipOf([{ name: `${archiveStem(file)}.csv`, data: csv }]);

export const decodeCsv = (file: ArchiveFile, csv: string | Uint8Array): ArchiveRows =>
  decodeArchive(archiveOf(file, csv), file, WHERE, "archive-test");

/** The code with which bytes are refused; undefined where they are taken. */
export function refusalCode(read: () => unknown): string | undefined {
  try {
    read();
  } catch (error) {
    if (error instanceof DataError) return error.code;
    throw error;
  }
  return undefined;
}

export type Unit = "ms" | "us";

/** A line of a candle; fields by their place can be replaced. */
export function candleLine(
  time: number,
  interval: Interval,
  unit: Unit = "ms",
  fields: Readonly<Record<number, string>> = {},
): string {
  const close = time + (fixedLength(interval) ?? 0) - 1;
  const [opened, closed] = unit === "ms" ? [`${time}`, `${close}`] : [`${time}000`, `${close}999`];
  const line = [opened, "100.50000000", "110", "90.25", "105.125", "10", closed, "1000", "7", "4", "400", "0"];
  return line.map((field, i) => fields[i] ?? field).join(",");
}

/** Lines of a run of candles. */
export const candleLines = (from: number, count: number, interval: Interval, unit: Unit = "ms"): string[] =>
  Array.from({ length: count }, (_, i) => candleLine(from + i * (fixedLength(interval) ?? 0), interval, unit));

export const KLINE_HEADER =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore";
export const FUNDING_HEADER = "calc_time,funding_interval_hours,last_funding_rate";
export const METRICS_HEADER =
  "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio";

/** A line of metrics; fields by their place can be replaced. */
export function metricsLine(time: number, fields: Readonly<Record<number, string>> = {}): string {
  const label = new Date(time).toISOString().slice(0, 19).replace("T", " ");
  const line = [label, "BTCUSDT", "81000.5000000000000000", "5400000000.1234", "1.1", "1.2", "1.3", "0.9"];
  return line.map((field, i) => fields[i] ?? field).join(",");
}

/** Lines as a file has them. */
export const fileOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
