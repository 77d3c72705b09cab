import type { NumberColumn } from "../core/batch.ts";
import { toInt64 } from "../core/int64.ts";
import { bitWidth, hybridBound, putPacked, putRun } from "./hybrid.ts";
import type { Words } from "./words.ts";

// Bodies of data pages V1 and dictionary pages (parquet-format, README.md, "Data Pages", and Encodings.md), not yet
// compressed. A data page is its definition levels (0 is NULL), then the values that are not NULL.

/** Values of a column without its NULLs. */
export interface Present {
  readonly values: Float64Array;
  /** 1 where there is a value; null when nothing is NULL. */
  readonly levels: Uint8Array | null;
}

/** Leaves out NULL slots, whatever lies in them. */
export function presentOf(column: NumberColumn): Present {
  const { values, valid } = column;
  if (valid === null) return { values, levels: null };
  const present = new Float64Array(values.length);
  const levels = new Uint8Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (!valid[i]) continue;
    levels[i] = 1;
    present[count++] = values[i] as number;
  }
  return count === values.length ? { values, levels: null } : { values: present.subarray(0, count), levels };
}

/** Levels behind their length in four bytes. Returns the place after them. */
function putLevels(to: Uint8Array, levels: Uint8Array | null, rows: number, present: number): number {
  const end =
    levels === null || present === 0 ? putRun(to, 4, present === 0 ? 0 : 1, rows) : putPacked(to, 4, levels, 1);
  new DataView(to.buffer, to.byteOffset).setUint32(0, end - 4, true);
  return end;
}

/** Pages of numbers are made in here, one after the other: a new buffer for each would keep the collector busy. */
let desk = new Uint8Array(0);
let words = new Uint32Array(0);

function cleared(bytes: number): Uint8Array {
  if (desk.length < bytes) desk = new Uint8Array(bytes);
  return desk;
}

function integersOf(values: Float64Array): Uint32Array {
  const length = values.length * 2;
  if (words.length < length) words = new Uint32Array(length);
  return toInt64(values, words).subarray(0, length);
}

/**
 * A page of 64-bit values in PLAIN encoding. Typed arrays lie in memory as Parquet wants it: little-endian.
 * @returns a view that the next page of numbers overwrites
 */
export function numberPage(column: Present, rows: number, integers: boolean): Uint8Array {
  const { values, levels } = column;
  const page = cleared(4 + hybridBound(rows, 1) + values.length * 8);
  const at = putLevels(page, levels, rows, values.length);
  const stored = integers ? integersOf(values) : values;
  page.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), at);
  return page.subarray(0, at + stored.byteLength);
}

/** A page of codes into the dictionary page: the bit width, then the hybrid (RLE_DICTIONARY). */
export function codePage(column: Words, rows: number): Uint8Array {
  const width = bitWidth(column.words.length);
  const page = new Uint8Array(4 + hybridBound(rows, 1) + 1 + hybridBound(rows, width));
  const at = putLevels(page, null, rows, rows);
  page[at] = width;
  const end = column.codes === null ? putRun(page, at + 1, 0, rows) : putPacked(page, at + 1, column.codes, width);
  return page.subarray(0, end);
}

/** The words of a dictionary page: each behind its length in four bytes (PLAIN). */
export function dictionaryPage(words: readonly string[]): Uint8Array {
  const encoded = words.map((word) => Buffer.from(word));
  const page = new Uint8Array(encoded.reduce((size, word) => size + 4 + word.length, 0));
  const view = new DataView(page.buffer);
  let at = 0;
  for (const word of encoded) {
    view.setUint32(at, word.length, true);
    page.set(word, at + 4);
    at += 4 + word.length;
  }
  return page;
}
