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

const millis = (text: string | undefined): number => {
  const time = Number(text);
  return time >= MICROSECONDS ? Math.floor(time / 1000) : time;
};

/** Rows of an archive's CSV, with a header or without. Decimals keep their digits. */
export function* csvRows(text: string, series: RecordedSeries): Generator<RecordedRow> {
  for (const line of text.split(/\r?\n/)) {
    const fields = line.split(",");
    // Some files have a header line and some end without a line feed.
    if (!/^\d+$/.test(fields[0] ?? "")) continue;
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

/** Rows of a captured klines body. */
export function* jsonRows(text: string): Generator<RecordedRow> {
  const rows: readonly (readonly [number, ...unknown[]])[] = JSON.parse(text);
  for (const row of rows) yield { time: row[0], end: Number(row[6]), json: JSON.stringify(row) };
}
