import { DataError } from "../../core/errors.ts";
import type { RecordedSeries } from "./recording.ts";

/** One recorded row: its time, when it was over, and the JSON text that the venue would send. */
export interface RecordedRow {
  /** Milliseconds. */
  readonly time: number;
  /** Milliseconds; a candle's close, else the time. */
  readonly end: number;
  readonly json: string;
}

/** Beyond this a time is in microseconds: spot archives are since 2025. */
const MICROSECONDS = 1e14;

/** A time of a file in milliseconds. */
export const millis = (text: string | undefined): number => {
  const time = Number(text);
  return time >= MICROSECONDS ? Math.floor(time / 1000) : time;
};

/** Fields that a line has at least. */
const FIELDS: Readonly<Record<RecordedSeries["kind"], number>> = { klines: 12, funding: 3, "open-interest": 4 };

/**
 * Rows of an archive's CSV, with a header or without. Decimals keep their digits.
 * @throws DataError where a line lacks fields
 */
export function* csvRows(text: string, series: RecordedSeries): Generator<RecordedRow> {
  for (const line of text.split(/\r?\n/)) {
    const fields = line.split(",");
    // Some files have a header line and some end without a line feed.
    if (!/^\d+$/.test(fields[0] ?? "")) continue;
    if (fields.length < FIELDS[series.kind]) throw badRecording(`${series.kind} of ${series.symbol}: ${line}`);
    yield rowOf(fields, series);
  }
}

function rowOf(fields: readonly string[], { kind, symbol }: RecordedSeries): RecordedRow {
  const time = millis(fields[0]);
  switch (kind) {
    case "klines": {
      const [, open, high, low, close, volume, closeTime, quote, trades, takerBase, takerQuote, unused] = fields;
      const end = millis(closeTime);
      const texts = [open, high, low, close, volume].map((field) => `"${field}"`).join(",");
      return {
        time,
        end,
        json: `[${time},${texts},${end},"${quote}",${trades},"${takerBase}","${takerQuote}","${unused}"]`,
      };
    }
    case "funding":
      return {
        time,
        end: time,
        json: `{"symbol":"${symbol}","fundingTime":${time},"fundingRate":"${fields[2]}","markPrice":""}`,
      };
    case "open-interest":
      return {
        time,
        end: time,
        json: `{"symbol":"${symbol}","sumOpenInterest":"${fields[2]}","sumOpenInterestValue":"${fields[3]}","timestamp":${time}}`,
      };
  }
}

/**
 * Rows of a captured klines body.
 * @throws DataError where it is no list of them
 */
export function* jsonRows(text: string): Generator<RecordedRow> {
  for (const row of listIn(text)) {
    const [time, end] = Array.isArray(row) ? [row[0], row[6]] : [];
    if (typeof time !== "number" || typeof end !== "number") throw badRecording(JSON.stringify(row));
    yield { time, end, json: JSON.stringify(row) };
  }
}

function listIn(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badRecording(text.slice(0, 80));
}

const badRecording = (evidence: string): DataError =>
  new DataError("bad-recording", `A recording has a row that is none: ${evidence}`, "candlelake twin --help");
