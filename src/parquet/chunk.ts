import { type Column, isText } from "../core/batch.ts";
import { DataError } from "../core/errors.ts";
import type { ColumnSpec, Table } from "../core/table.ts";
import { CODEC, ENCODING, PAGE } from "./format.ts";
import { isNoise } from "./noise.ts";
import { codePage, dictionaryPage, numberPage, presentOf } from "./page.ts";
import type { Sheet } from "./sheet.ts";
import { numberStatistics, type Statistics, textStatistics } from "./statistics.ts";
import { ThriftWriter } from "./thrift.ts";
import { wordsOf } from "./words.ts";
import { zstd } from "./zstd.ts";

/** A column of one row group as it lies in the file. */
export interface Chunk {
  /** Bytes of the dictionary page with its header; 0 where there is none. */
  readonly dictionary: number;
  readonly codec: number;
  readonly encodings: readonly number[];
  /** Bytes with page headers, as stored and before compression. */
  readonly stored: number;
  readonly raw: number;
  readonly statistics: Statistics;
}

interface Page {
  readonly type: number;
  readonly encoding: number;
  readonly values: number;
  readonly body: Uint8Array;
}

/**
 * Pages below this many bytes are stored as they are: ZSTD gains little there, and a call costs more than everything
 * else that is done to such a page.
 */
const WORTH_COMPRESSING = 256;

/** `PageHeader` of parquet.thrift. */
function pageHeader(page: Page, stored: number): Uint8Array {
  const header = new ThriftWriter().i32(1, page.type).i32(2, page.body.length).i32(3, stored);
  if (page.type === PAGE.dictionary) header.begin(7).i32(1, page.values).i32(2, page.encoding).end();
  else header.begin(5).i32(1, page.values).i32(2, page.encoding).i32(3, ENCODING.rle).i32(4, ENCODING.rle).end();
  return header.end().bytes;
}

function putPages(to: Sheet, pages: readonly Page[], statistics: Statistics, noise = false): Chunk {
  const plain = noise || pages.reduce((size, page) => size + page.body.length, 0) < WORTH_COMPRESSING;
  const encodings = new Set<number>([ENCODING.rle]);
  const from = to.length;
  let raw = 0;
  let dictionary = 0;
  for (const page of pages) {
    const body = plain ? page.body : zstd(page.body);
    const header = pageHeader(page, body.length);
    to.put(header);
    to.put(body);
    encodings.add(page.encoding);
    raw += header.length + page.body.length;
    if (page.type === PAGE.dictionary) dictionary = to.length - from;
  }
  const codec = plain ? CODEC.uncompressed : CODEC.zstd;
  return { dictionary, codec, encodings: [...encodings], stored: to.length - from, raw, statistics };
}

/** @throws DataError where a value is none that the column's type can hold */
function refuseStrange(table: Table, spec: ColumnSpec, values: Float64Array): void {
  const integers = spec.type !== "FLOAT64";
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (integers ? Number.isSafeInteger(value) : !Number.isNaN(value)) continue;
    const code = Number.isNaN(value) ? "nan" : "not-whole";
    throw new DataError(
      code,
      `${table.name}.${spec.name} would hold ${value}, which is never stored.`,
      "candlelake status",
    );
  }
}

/**
 * Puts the pages of one column of a row group into a file.
 *
 * @throws DataError `nan` where a value is NaN, `not-whole` where one of an INT64 or TIMESTAMP column is no safe integer
 */
export function putChunk(to: Sheet, table: Table, spec: ColumnSpec, column: Column, rows: number): Chunk {
  if (isText(column)) {
    const own = wordsOf(column, rows);
    const dictionary = dictionaryPage(own.words);
    return putPages(
      to,
      [
        { type: PAGE.dictionary, encoding: ENCODING.plain, values: own.words.length, body: dictionary },
        { type: PAGE.data, encoding: ENCODING.rleDictionary, values: rows, body: codePage(own, rows) },
      ],
      textStatistics(own.words),
    );
  }
  const integers = spec.type !== "FLOAT64";
  const present = presentOf(column);
  refuseStrange(table, spec, present.values);
  const statistics = numberStatistics(present.values, rows, integers);
  const body = numberPage(present, rows, integers);
  const noise = !integers && isNoise(present.values);
  return putPages(to, [{ type: PAGE.data, encoding: ENCODING.plain, values: rows, body }], statistics, noise);
}
