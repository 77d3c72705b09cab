import { dayRange, monthRange, type TimeRange } from "../../core/time.ts";
import { labelOf } from "../archive/csv-format.ts";

/** A line of a file that the archive has, as fields. */
type Line = readonly string[];

/** What a fault makes of a file's rows. There is at least one; the range is the file's own month or day. */
export type CsvFault = (lines: readonly Line[], argument: number | undefined, range: TimeRange) => readonly Line[];

const KLINE_FIELDS = 12;
const CLOSE_TIME = 6;
const TRADES = 8;
/** The rate of a funding event, and the open interest of metrics. */
const VALUE = 2;

/** Milliseconds that rows once lay off the grid, in December 2017. */
const OFF_GRID = 20_799;
/** From here on a number is of microseconds. */
const MICROSECONDS = 1e14;
const HOLE = 3;

const isKline = (line: Line): boolean => line.length === KLINE_FIELDS;
const middle = (lines: readonly Line[]): number => Math.floor((lines.length - 1) / 2);

/** A time in milliseconds, microseconds or as `2025-01-01 00:05:00`, so many milliseconds later, and in the same form. */
function later(text: string | undefined, by: number): string {
  if (text === undefined) return "";
  if (!/^\d+$/.test(text)) return labelOf(Date.parse(`${text.replace(" ", "T")}Z`) + by);
  const time = Number(text);
  return String(time + (time >= MICROSECONDS ? 1_000 * by : by));
}

export const empty: CsvFault = () => [];

/** The row in the middle comes twice. */
export const duplicate: CsvFault = (lines) => lines.toSpliced(middle(lines), 0, lines[middle(lines)] as Line);

/** The row in the middle comes twice, with two values. */
export const conflict: CsvFault = (lines) => {
  const line = lines[middle(lines)] as Line;
  const second = isKline(line)
    ? line.with(TRADES, String(Number(line[TRADES]) + 1))
    : line.with(VALUE, (Number(line[VALUE]) * 1.01 + 0.01).toFixed(8));
  return lines.toSpliced(middle(lines) + 1, 0, second);
};

export const offGrid: CsvFault = (lines) => {
  const line = lines[middle(lines)] as Line;
  return lines.with(middle(lines), line.with(0, later(line[0], OFF_GRID)));
};

/** The first and the last row change places. */
export const unordered: CsvFault = (lines) => lines.with(0, lines.at(-1) as Line).with(-1, lines[0] as Line);

/** Rows in the middle are missing. */
export const hole: CsvFault = (lines, argument = HOLE) => {
  const count = Math.min(argument, lines.length);
  return lines.toSpliced(Math.floor((lines.length - count) / 2), count);
};

/** Every row lies before the file's own month or day. */
export const otherMonth: CsvFault = (lines, _argument, { from, to }) =>
  lines.map((line) => {
    const moved = line.with(0, later(line[0], from - to));
    return isKline(line) ? moved.with(CLOSE_TIME, later(line[CLOSE_TIME], from - to)) : moved;
  });

const SPAN = /-(\d{4}-\d{2}(?:-\d{2})?)\.zip$/;

/** Changes the lines of a file's text; a header stays where it is. */
export function changeLines(text: string, path: string, fault: CsvFault, argument: number | undefined): string {
  const lines = text.split("\n").filter((line) => line !== "");
  const rows = lines.findIndex((line) => /^\d/.test(line));
  if (rows < 0) return text;
  const span = SPAN.exec(path)?.[1] ?? "1970-01";
  const range = span.length === 7 ? monthRange(span) : dayRange(span);
  const changed = fault(
    lines.slice(rows).map((line) => line.split(",")),
    argument,
    range,
  );
  return [...lines.slice(0, rows), ...changed.map((line) => line.join(","))].map((line) => `${line}\n`).join("");
}
