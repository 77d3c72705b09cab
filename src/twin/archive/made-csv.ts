import { type ArchiveFile, archiveRange } from "../../core/archive-file.ts";
import type { Interval } from "../../core/interval.ts";
import type { TimeRange } from "../../core/time.ts";
import type { Feed, Window } from "../feed.ts";
import { headerOf, inMicros, labelLead, labelOf } from "./csv-format.ts";

/** The rows that REST sends are where the numbers come from, so that an archive cannot differ from it. */
export type Rows = Pick<Feed, "klines" | "funding" | "openInterest">;

const all = ({ from, to }: TimeRange): Window => ({ from, to, limit: Number.POSITIVE_INFINITY, end: "oldest" });

/**
 * The text of a made file.
 * @param published milliseconds; everything in it was over by then
 */
export function madeCsv(rows: Rows, file: ArchiveFile, fundingHours: number, published: number): Uint8Array {
  const { series } = file;
  const { symbol } = series;
  const range = archiveRange(file);
  const header = headerOf(file);
  if (series.kind === "klines") {
    const interval = series.step as Interval;
    const host = series.market === "um" ? "binance-futures" : "binance-spot";
    return klineLines(rows.klines(host, symbol, interval, all(range), published), header, inMicros(file));
  }
  if (series.kind === "funding") {
    const events: readonly { fundingTime: number; fundingRate: string }[] = listIn(
      rows.funding(symbol, all(range), published),
    );
    return textOf(
      header,
      events.map(({ fundingTime, fundingRate }) => `${fundingTime},${fundingHours},${fundingRate}`),
    );
  }
  // A day of metrics has the snapshots that end its periods: of midnight the next one's, not its own.
  const window = all({ from: range.from + 1, to: range.to + 1 });
  const lead = labelLead(file);
  const snapshots: readonly { timestamp: number; sumOpenInterest: string; sumOpenInterestValue: string }[] = listIn(
    rows.openInterest(symbol, "5m", window, published),
  );
  return textOf(
    header,
    snapshots.map(
      ({ timestamp, sumOpenInterest, sumOpenInterestValue }) =>
        `${labelOf(timestamp - lead)},${symbol},${sumOpenInterest},${sumOpenInterestValue},${RATIOS}`,
    ),
  );
}

/** Nobody here reads the ratios. */
const RATIOS = "1.50000000,1.20000000,1.30000000,1.00000000";

const listIn = (json: Uint8Array) => JSON.parse(Buffer.from(json).toString());

const textOf = (header: string, lines: readonly string[]): Buffer =>
  Buffer.from(`${header}${lines.join("\n")}${lines.length > 0 ? "\n" : ""}`);

const OPEN = 0x5b;
const CLOSE = 0x5d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
/** The place of the field. */
const CLOSE_TIME = 6;

/** Turns a list of candles into lines byte by byte: a month of minutes is seven megabytes of digits. */
function klineLines(json: Uint8Array, header: string, micros: boolean): Uint8Array {
  // A row loses more quotes and brackets than it gains digits.
  const out = Buffer.allocUnsafe(header.length + json.byteLength);
  let length = out.write(header, "latin1");
  let field = 0;
  for (let i = 1; i < json.length - 1; i++) {
    const byte = json[i] as number;
    if (byte === OPEN || byte === QUOTE) continue;
    if (byte === CLOSE) {
      out[length++] = LINE_FEED;
      field = 0;
      // The comma between two rows.
      i++;
      continue;
    }
    if (byte === COMMA) {
      // A candle closes with the last microsecond of its last millisecond.
      if (micros && field === 0) length += out.write("000", length, "latin1");
      if (micros && field === CLOSE_TIME) length += out.write("999", length, "latin1");
      field++;
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
