import { type Batch, type Column, constant } from "../../core/batch.ts";
import type { Table } from "../../core/table.ts";
import type { BrokenRow } from "../../ports.ts";
import type { Rows } from "./rows.ts";
import { Scanner } from "./scanner.ts";
import { refuseStrangers, unreadable } from "./unreadable.ts";

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
  count = 0;
  /** Where each row's text begins and ends. */
  extents: Uint32Array;
  #columns: Float64Array[];
  #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#columns = Array.from({ length: UNUSED }, () => new Float64Array(capacity));
    this.extents = new Uint32Array(capacity * 2);
  }

  /** The numbers of a field, `count` of them. */
  field(index: number): Float64Array {
    return (this.#columns[index] as Float64Array).subarray(0, this.count);
  }

  /** Takes the row at the scanner's place; false, and no row more, where it is not as it should be. */
  add(scanner: Scanner): boolean {
    if (this.count === this.#capacity) this.#grow();
    const row = this.count;
    const from = scanner.at;
    if (!scanner.take(OPEN_BRACKET)) return false;
    for (let field = 0; field < UNUSED; field++) {
      scanner.space();
      const whole = field === OPENED || field === CLOSED || field === TRADES;
      const value = whole ? scanner.integer() : scanner.quotedDecimal();
      if (Number.isNaN(value) || (field === OPENED && value >= LATEST)) return false;
      (this.#columns[field] as Float64Array)[row] = value;
      if (!scanner.take(COMMA)) return false;
    }
    if (!scanner.value() || !scanner.take(CLOSE_BRACKET)) return false;
    this.extents[row * 2] = from;
    this.extents[row * 2 + 1] = scanner.at;
    this.count++;
    return true;
  }

  #grow(): void {
    this.#capacity = Math.max(16, this.#capacity * 2);
    this.#columns = this.#columns.map((column) => {
      const grown = new Float64Array(this.#capacity);
      grown.set(column);
      return grown;
    });
    const extents = new Uint32Array(this.#capacity * 2);
    extents.set(this.extents);
    this.extents = extents;
  }
}

/** What is wrong with the row in `text`, and its open time, NaN where even that cannot be made out. */
function diagnose(text: Uint8Array): { readonly time: number; readonly reason: "shape" | "type" } {
  const scanner = new Scanner(text);
  if (!scanner.take(OPEN_BRACKET)) return { time: Number.NaN, reason: "shape" };
  scanner.space();
  const time = scanner.integer();
  const whole = time < LATEST && (scanner.take(COMMA) || scanner.take(CLOSE_BRACKET));
  let fields = 1;
  while (fields <= FIELDS && scanner.value()) {
    fields++;
    scanner.take(COMMA);
  }
  return { time: whole ? time : Number.NaN, reason: fields === FIELDS ? "type" : "shape" };
}

const MICROS = 1000;

function toBatch(table: Table, labels: KlineLabels, rows: KlineColumns): Batch {
  const number = (field: number): Column => ({ values: rows.field(field), valid: null });
  const time = (field: number): Column => ({ values: rows.field(field).map((millis) => millis * MICROS), valid: null });
  return {
    table,
    rows: rows.count,
    columns: [
      time(CLOSED),
      ...[1, 2, 3, 4, 5, 7, TRADES, 9, 10].map(number),
      constant(labels.interval),
      time(OPENED),
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
  const rows = new KlineColumns(expected);
  const broken: BrokenRow[] = [];
  let nameless: string | undefined;
  if (!scanner.take(OPEN_BRACKET)) throw unreadable(body, where);
  if (!scanner.take(CLOSE_BRACKET)) {
    do {
      scanner.space();
      const from = scanner.at;
      if (rows.add(scanner)) continue;
      scanner.at = from;
      if (!scanner.value()) throw unreadable(body, where);
      const { time, reason } = diagnose(body.subarray(from, scanner.at));
      const evidence = scanner.text(from, scanner.at);
      if (Number.isNaN(time)) nameless ??= evidence;
      else broken.push({ time, reason, evidence });
    } while (scanner.take(COMMA));
    if (!scanner.take(CLOSE_BRACKET)) throw unreadable(body, where);
  }
  scanner.space();
  if (!scanner.ended) throw unreadable(body, where);
  refuseStrangers(rows.count, broken, nameless, where);
  const opened = rows.field(OPENED);
  return {
    batch: toBatch(table, labels, rows),
    time: (index) => opened[index] as number,
    evidence: (index) => scanner.text(rows.extents[index * 2] as number, rows.extents[index * 2 + 1] as number),
    broken,
  };
}
