import { type Batch, type Column, slice } from "../core/batch.ts";
import { putChunk } from "./chunk.ts";
import { footer, type Group } from "./footer.ts";
import { MAGIC, ROWS_PER_GROUP } from "./format.ts";
import { Sheet } from "./sheet.ts";

/** Files are made on it one after the other: new memory for each would keep the collector busy. */
const sheet = new Sheet();

/**
 * A batch as the bytes of a Parquet file: every column OPTIONAL, data pages V1, ZSTD, numbers PLAIN, text by dictionary,
 * times as INT64 TIMESTAMP(MICROS, isAdjustedToUTC=true). The same rows give the same bytes, however the batch lays
 * out its dictionaries or marks that nothing is NULL, as long as Node's ZSTD stays the same.
 *
 * @throws DataError `nan` where a value is NaN, `not-whole` where an INT64 or TIMESTAMP is no safe integer
 */
export function encode(batch: Batch): Uint8Array<ArrayBuffer> {
  const { table, rows } = batch;
  sheet.clear().put(MAGIC);
  const groups: Group[] = [];
  for (let from = 0; from < rows; from += ROWS_PER_GROUP) {
    const part = slice(batch, from, Math.min(rows, from + ROWS_PER_GROUP));
    const offset = sheet.length;
    const chunks = table.columns.map((spec, c) => putChunk(sheet, table, spec, part.columns[c] as Column, part.rows));
    groups.push({ rows: part.rows, offset, chunks });
  }
  const end = footer(table, rows, groups);
  sheet.put(end);
  sheet.put(Uint8Array.of(end.length, end.length >> 8, end.length >> 16, end.length >> 24));
  sheet.put(MAGIC);
  return sheet.take();
}
