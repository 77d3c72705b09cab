import { constants, zstdCompressSync } from "node:zlib";
import { type Column, isText } from "../core/batch.ts";
import { DataError } from "../core/errors.ts";
import type { ColumnSpec, Table } from "../core/table.ts";
import { CODEC, ENCODING, PAGE } from "./format.ts";
import { isNoise } from "./noise.ts";
import { codePage, dictionaryPage, numberPage, presentOf } from "./page.ts";
import { numberStatistics, type Statistics, textStatistics } from "./statistics.ts";
import { ThriftWriter } from "./thrift.ts";
import { wordsOf } from "./words.ts";

/** A column of one row group as it lies in the file. */
export interface Chunk {
  /** Page headers and bodies, in file order. */
  readonly parts: readonly Uint8Array[];
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

/**
 * On minutes of BTCUSDT level 3 saves nothing over level 1, and level 6 three hundredths at three times the time. This one
 * takes two thirds of level 1's time for files a twentieth larger: the lower bytes of doubles are noise to any level.
 */
const LEVEL = { [constants.ZSTD_c_compressionLevel]: -2 };

/** The output is one piece when it fits: ZSTD adds at most this to what it cannot compress (ZSTD_compressBound). */
const compress = (body: Uint8Array): Uint8Array =>
  zstdCompressSync(body, { params: LEVEL, chunkSize: body.length + (body.length >> 8) + 128 });

/** `PageHeader` of parquet.thrift. */
function pageHeader(page: Page, stored: number): Uint8Array {
  const header = new ThriftWriter().i32(1, page.type).i32(2, page.body.length).i32(3, stored);
  if (page.type === PAGE.dictionary) header.begin(7).i32(1, page.values).i32(2, page.encoding).end();
  else header.begin(5).i32(1, page.values).i32(2, page.encoding).i32(3, ENCODING.rle).i32(4, ENCODING.rle).end();
  return header.end().bytes;
}

function chunkOf(pages: readonly Page[], statistics: Statistics, noise = false): Chunk {
  const plain = noise || pages.reduce((size, page) => size + page.body.length, 0) < WORTH_COMPRESSING;
  const parts: Uint8Array[] = [];
  const encodings = new Set<number>([ENCODING.rle]);
  let raw = 0;
  let stored = 0;
  let dictionary = 0;
  for (const page of pages) {
    const body = plain ? page.body.slice() : compress(page.body);
    const header = pageHeader(page, body.length);
    parts.push(header, body);
    encodings.add(page.encoding);
    raw += header.length + page.body.length;
    stored += header.length + body.length;
    if (page.type === PAGE.dictionary) dictionary = stored;
  }
  const codec = plain ? CODEC.uncompressed : CODEC.zstd;
  return { parts, dictionary, codec, encodings: [...encodings], stored, raw, statistics };
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
 * The pages of one column of a row group.
 *
 * @throws DataError `nan` where a value is NaN, `not-whole` where one of an INT64 or TIMESTAMP column is no safe integer
 */
export function encodeChunk(table: Table, spec: ColumnSpec, column: Column, rows: number): Chunk {
  if (isText(column)) {
    const own = wordsOf(column, rows);
    const dictionary = dictionaryPage(own.words);
    return chunkOf(
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
  return chunkOf([{ type: PAGE.data, encoding: ENCODING.plain, values: rows, body }], statistics, noise);
}
