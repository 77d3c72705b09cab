import { type Batch, type Column, constant } from "../../core/batch.ts";
import { DataError } from "../../core/errors.ts";
import type { Table } from "../../core/table.ts";
import type { BrokenRow } from "../../ports.ts";
import type { Rows } from "./rows.ts";
import { Scanner } from "./scanner.ts";
import { unreadable } from "./unreadable.ts";

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** Elements of a kline. */
const FIELDS = 12;
/** Open time, close time, number of trades: JSON integers. All else is decimal text; the last is unused. */
const [OPENED, CLOSED, TRADES, UNUSED] = [0, 6, 8, 11];
/** Milliseconds; the year 5138. A larger number is no time in milliseconds. */
const LATEST = 1e14;

/** What is the same for all rows of a series. */
export interface KlineLabels {
  readonly interval: string;
  readonly symbol: string;
  readonly venue: string;
  readonly source: string;
}

/** Growing columns of the eleven numbers of a kline, by field. */
class KlineColumns {
  columns: Float64Array[];
  /** Where each row's text begins and ends. */
  extents: Uint32Array;
  count = 0;
  #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.columns = Array.from({ length: FIELDS - 1 }, () => new Float64Array(capacity));
    this.extents = new Uint32Array(capacity * 2);
  }

  /** Makes room for one more row. */
  reserve(): void {
    if (this.count < this.#capacity) return;
    this.#capacity *= 2;
    this.columns = this.columns.map((column) => {
      const grown = new Float64Array(this.#capacity);
      grown.set(column);
      return grown;
    });
    const extents = new Uint32Array(this.#capacity * 2);
    extents.set(this.extents);
    this.extents = extents;
  }
}

/** Reads one row into the columns; undefined when it is whole, else what is wrong with it. */
function readRow(scanner: Scanner, columns: readonly Float64Array[], row: number): "shape" | "type" | undefined {
  if (!scanner.take(OPEN_BRACKET)) return "shape";
  for (let field = 0; field < FIELDS; field++) {
    if (field > 0 && !scanner.take(COMMA)) return "shape";
    scanner.space();
    if (field === UNUSED) return scanner.value() && scanner.take(CLOSE_BRACKET) ? undefined : "shape";
    const whole = field === OPENED || field === CLOSED || field === TRADES;
    const value = whole ? scanner.integer() : scanner.quotedDecimal();
    if (Number.isNaN(value)) return scanner.bytes[scanner.at] === CLOSE_BRACKET ? "shape" : "type";
    (columns[field] as Float64Array)[row] = value;
  }
  return undefined;
}

/** The open time of a row that is otherwise unreadable; NaN where even that cannot be made out. */
function openTimeAt(bytes: Uint8Array, from: number): number {
  const scanner = new Scanner(bytes);
  scanner.at = from;
  if (!scanner.take(OPEN_BRACKET)) return Number.NaN;
  scanner.space();
  const time = scanner.integer();
  return time < LATEST && (scanner.take(COMMA) || scanner.take(CLOSE_BRACKET)) ? time : Number.NaN;
}

const MICROS = 1000;

function toBatch(table: Table, labels: KlineLabels, { columns, count }: KlineColumns): Batch {
  const number = (field: number, factor = 1): Column => {
    const values = (columns[field] as Float64Array).subarray(0, count);
    if (factor !== 1) for (let i = 0; i < count; i++) values[i] = (values[i] as number) * factor;
    return { values, valid: null };
  };
  const opened = number(OPENED, MICROS);
  return {
    table,
    rows: count,
    columns: [
      number(CLOSED, MICROS),
      ...[1, 2, 3, 4, 5, 7].map((field) => number(field)),
      number(TRADES),
      number(9),
      number(10),
      constant(labels.interval),
      opened,
      constant(labels.symbol),
      constant(labels.venue),
      constant(labels.source),
    ],
  };
}

/**
 * Decodes the body of a klines answer: a JSON array of arrays of twelve, `[openTime, "open", "high", "low", "close",
 * "volume", closeTime, "quoteVolume", trades, "takerBase", "takerQuote", "unused"]`, times in milliseconds.
 * A row of another shape or type is set aside with its text; where no row can be read the format has changed.
 * @param where host and path, for messages
 * @param expected about how many rows
 * @throws SourceError `cut-json`, `html-body` (both retryable), `bad-request`; DataError `malformed-row`, `format-changed`
 */
export function decodeKlines(
  body: Uint8Array,
  table: Table,
  labels: KlineLabels,
  where: string,
  expected = 1000,
): Rows {
  const scanner = new Scanner(body);
  if (!scanner.take(OPEN_BRACKET)) throw unreadable(body, where);
  const rows = new KlineColumns(Math.max(1, expected));
  const broken: BrokenRow[] = [];
  let nameless: string | undefined;
  if (!scanner.take(CLOSE_BRACKET)) {
    do {
      scanner.space();
      const from = scanner.at;
      rows.reserve();
      let reason = readRow(scanner, rows.columns, rows.count);
      if (!reason && ((rows.columns[OPENED] as Float64Array)[rows.count] as number) >= LATEST) reason = "type";
      if (!reason) {
        rows.extents[rows.count * 2] = from;
        rows.extents[rows.count * 2 + 1] = scanner.at;
        rows.count++;
        continue;
      }
      scanner.at = from;
      if (!scanner.value()) throw unreadable(body, where);
      const evidence = scanner.text(from, scanner.at);
      const time = openTimeAt(body, from);
      if (Number.isNaN(time)) nameless ??= evidence;
      else broken.push({ time, reason, evidence });
    } while (scanner.take(COMMA));
    if (!scanner.take(CLOSE_BRACKET)) throw unreadable(body, where);
  }
  scanner.space();
  if (!scanner.ended) throw unreadable(body, where);
  if (rows.count === 0 && (broken.length > 0 || nameless !== undefined)) {
    const sample = nameless ?? broken[0]?.evidence ?? "";
    throw new DataError(
      "format-changed",
      `${where} sends klines in a form that this version does not know: ${sample.slice(0, 200)}`,
      "candlelake --version",
    );
  }
  if (nameless !== undefined) {
    throw new DataError(
      "malformed-row",
      `${where} sent a kline without an open time: ${nameless.slice(0, 200)}`,
      "candlelake status",
    );
  }
  const batch = toBatch(table, labels, rows);
  const opened = rows.columns[OPENED] as Float64Array;
  return {
    batch,
    time: (index) => (opened[index] as number) / MICROS,
    evidence: (index) => scanner.text(rows.extents[index * 2] as number, rows.extents[index * 2 + 1] as number),
    broken,
  };
}
