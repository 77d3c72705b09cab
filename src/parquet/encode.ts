import { type Batch, type Column, slice } from "../core/batch.ts";
import { encodeChunk } from "./chunk.ts";
import { footer, type Group } from "./footer.ts";
import { MAGIC, ROWS_PER_GROUP } from "./format.ts";

/**
 * A batch as the bytes of a Parquet file: every column OPTIONAL, data pages V1, ZSTD, numbers PLAIN, text by dictionary,
 * times as INT64 TIMESTAMP(MICROS, isAdjustedToUTC=true). The same rows give the same bytes, however the batch lays
 * out its dictionaries or marks that nothing is NULL, as long as Node's ZSTD stays the same.
 *
 * @throws DataError `nan` where a value is NaN, `not-whole` where an INT64 or TIMESTAMP is no safe integer
 */
export function encode(batch: Batch): Uint8Array<ArrayBuffer> {
  const { table, rows } = batch;
  const parts: Uint8Array[] = [MAGIC];
  const groups: Group[] = [];
  let offset = MAGIC.length;
  for (let from = 0; from < rows; from += ROWS_PER_GROUP) {
    const part = slice(batch, from, Math.min(rows, from + ROWS_PER_GROUP));
    const chunks = table.columns.map((spec, c) => encodeChunk(table, spec, part.columns[c] as Column, part.rows));
    groups.push({ rows: part.rows, offset, chunks });
    for (const chunk of chunks) {
      parts.push(...chunk.parts);
      offset += chunk.stored;
    }
  }
  const end = footer(table, rows, groups);
  parts.push(end, Uint8Array.of(end.length, end.length >> 8, end.length >> 16, end.length >> 24), MAGIC);
  return joined(parts, offset + end.length + 8);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
