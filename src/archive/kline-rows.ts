import type { TimeRange } from "../core/time.ts";
import type { BrokenRow } from "../ports.ts";
import { type Csv, lineAt, lineEnd } from "./csv.ts";
import {
  decimalOf,
  isTime,
  LEAST_MICROS,
  LEAST_MILLIS,
  millisOf,
  timeNumber,
  type Unit,
  wholeOf,
  whyNot,
} from "./fields.ts";
import { KlineLines, type Limits } from "./kline-lines.ts";

/** More broken rows than this are no damage; nobody wants to keep them all. */
const MOST_BROKEN = 100_000;

/** Fields of a line. */
const FIELDS = 12;
/** Open time, close time, number of trades: whole numbers. All else is decimal; the last is unused. */
export const [OPENED, CLOSED, TRADES, UNUSED] = [0, 6, 8, 11];

/** The eleven numbers of lines as columns, by field, times in the file's unit. */
class Columns {
  count = 0;
  readonly numbers: Float64Array[];
  /** Where each row's line begins. */
  starts: Uint32Array;

  /** @param capacity about how many rows there are */
  constructor(capacity: number) {
    this.numbers = Array.from({ length: UNUSED }, () => new Float64Array(capacity));
    this.starts = new Uint32Array(capacity);
  }

  grow(): void {
    const capacity = Math.max(64, this.starts.length * 2);
    for (const [field, column] of this.numbers.entries()) {
      const grown = new Float64Array(capacity);
      grown.set(column);
      this.numbers[field] = grown;
    }
    const starts = new Uint32Array(capacity);
    starts.set(this.starts);
    this.starts = starts;
  }

  /** The numbers of a field, `count` of them. */
  field(index: number): Float64Array {
    return (this.numbers[index] as Float64Array).subarray(0, this.count);
  }
}

/** The numbers of a line that is written in another way, or what is wrong with it. */
function numbersOf(line: string): readonly number[] | "shape" | "type" | "blank" {
  const fields = line.split(",", FIELDS + 1);
  if (fields.length !== FIELDS) return "shape";
  const values: number[] = [];
  for (const [i, field] of fields.slice(0, UNUSED).entries()) {
    const value = i === TRADES ? wholeOf(field) : decimalOf(field);
    const isWrong = i === OPENED || i === CLOSED ? !isTime(value) : Number.isNaN(value);
    if (isWrong) return whyNot(field);
    values.push(value);
  }
  return values;
}

/** The lines of a file, as far as they can be read with times in one unit. */
export interface KlineRows {
  readonly columns: Columns;
  /** Not all of the file was read: too much of it was broken. */
  readonly cut: boolean;
  readonly broken: readonly BrokenRow[];
  /** Where there are no rows, a line whose time cannot be made out. */
  readonly nameless: string | undefined;
}

function limitsOf(unit: Unit, range: TimeRange): Limits {
  const [least, beyond, scale] =
    unit === "us" ? [LEAST_MICROS, LEAST_MICROS * 1000, 1000] : [LEAST_MILLIS, LEAST_MICROS, 1];
  return { least, beyond, from: range.from * scale, to: range.to * scale };
}

const isTimed = (opened: number, closed: number, { least, beyond }: Limits): boolean =>
  opened >= least && opened < beyond && closed >= least && closed < beyond;

/**
 * Reads the lines of a file in one pass. Rows whose times are in another unit, or whose open time lies outside `range`,
 * are set aside; all others become rows, in file order. Stops where too many rows are broken.
 * @param expected about how many rows
 * @param length of a candle, in milliseconds: a line whose time cannot be made out stands where the next one is due, and
 *   at the beginning of the file, one after the other, right before the first row
 * @param first open time before which the series has no candle, in milliseconds
 */
export function readKlines(
  csv: Csv,
  unit: Unit,
  range: TimeRange,
  expected: number,
  length: number,
  first = range.from,
): KlineRows {
  const { bytes, from: begin } = csv;
  const lines = new KlineLines(bytes);
  const columns = new Columns(expected + 1);
  const limits = limitsOf(unit, range);
  const broken: BrokenRow[] = [];
  const early: Omit<BrokenRow, "time">[] = [];
  const openOf = (row: number): number => millisOf((columns.numbers[OPENED] as Float64Array)[row] as number);
  let at = begin;
  while (at < bytes.length && broken.length + early.length < MOST_BROKEN) {
    const row = columns.count;
    if (row === columns.starts.length) columns.grow();
    const taken = lines.take(at, columns.numbers, columns.starts, row, limits);
    if (taken > 0) {
      columns.count += taken;
      at = lines.next;
      continue;
    }
    const start = at;
    const line = lineAt(bytes, start);
    at = lineEnd(bytes, start) + 1;
    if (line === "") continue;
    const values = numbersOf(line);
    const setAside = (time: number, reason: string) => {
      if (!Number.isNaN(time)) broken.push({ time, reason, evidence: line });
      else if (row === 0) early.push({ reason, evidence: line });
      else broken.push({ time: Math.min(openOf(row - 1) + length, range.to - 1), reason, evidence: line });
    };
    if (typeof values === "string") {
      setAside(millisOf(timeNumber(line.split(",", 1)[0])), values);
      continue;
    }
    const [opened, closed] = [values[OPENED] as number, values[CLOSED] as number];
    const timed = isTimed(opened, closed, limits);
    if (timed && opened >= limits.from && opened < limits.to) {
      for (const [field, value] of values.entries()) (columns.numbers[field] as Float64Array)[row] = value;
      columns.starts[row] = start;
      columns.count++;
      continue;
    }
    setAside(millisOf(opened), timed ? "outside" : "time-unit");
  }
  const cut = at < bytes.length;
  if (columns.count === 0) return { columns, broken, nameless: early[0]?.evidence, cut };
  const head = early.map((row, i) => {
    const due = openOf(0) - (early.length - i) * length;
    return { time: Math.max(range.from, first, due), ...row };
  });
  return { columns, broken: [...head, ...broken], nameless: undefined, cut };
}
