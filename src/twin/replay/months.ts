import { HOUR, type Month, monthRange, monthsOf } from "../../core/time.ts";
import type { RecordedFile } from "./layout.ts";
import { millis } from "./rows.ts";

interface Line {
  readonly text: string;
  /** Milliseconds. */
  readonly time: number;
  /** How long the row stands: to the end of its candle, or to the next event. */
  readonly length: number;
}

/**
 * The months that a file of many covers from end to end, each as its lines; a digit is never touched.
 * @param text of the file, with a header or without
 */
export function monthsIn(text: string, { kind }: RecordedFile): ReadonlyMap<Month, string> {
  const lines = text
    .split(/\r?\n/)
    .filter((line) => /^\d+,/.test(line))
    .map((line) => lineOf(line, kind));
  const first = lines.reduce((least, { time, length }) => Math.min(least, time - length), Number.POSITIVE_INFINITY);
  const end = lines.reduce((most, { time, length }) => Math.max(most, time + length), Number.NEGATIVE_INFINITY);
  const months = new Map<Month, string>();
  for (const month of lines.length > 0 ? monthsOf({ from: first, to: end }) : []) {
    const { from, to } = monthRange(month);
    // A row before the first one would have been of the month before.
    if (first >= from || end < to) continue;
    const own = lines.filter(({ time }) => time >= from && time < to);
    months.set(month, own.map((line) => `${line.text}\n`).join(""));
  }
  return months;
}

function lineOf(text: string, kind: RecordedFile["kind"]): Line {
  const fields = text.split(",");
  const time = millis(fields[0]);
  return { text, time, length: kind === "funding" ? Number(fields[1]) * HOUR : millis(fields[6]) + 1 - time };
}
