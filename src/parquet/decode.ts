import { type Batch, type Column, concat } from "../core/batch.ts";
import { DataError } from "../core/errors.ts";
import type { ColumnSpec, Table } from "../core/table.ts";
import { readNumbers, readText } from "./chunk-reader.ts";
import { type GroupPlace, readFooter } from "./footer-reader.ts";
import { Malformed } from "./malformed.ts";

/**
 * The rows of a Parquet file that `encode` wrote, as a batch of `table`. Reads what this program writes and nothing
 * more: other encodings, codecs and types mean that the file is not ours. Columns are found by name.
 *
 * @param where what the bytes are, for the message: an object's key or a file
 * @throws DataError `bad-parquet` where the bytes are no such file, or are damaged in a way that shows
 */
export function decode(bytes: Uint8Array, table: Table, where: string): Batch {
  try {
    const groups = readFooter(bytes, table);
    return concat(
      table,
      groups.map((group) => readGroup(bytes, table, group)),
    );
  } catch (cause) {
    const why = cause instanceof Malformed ? cause.message : "its pages are damaged";
    throw new DataError("bad-parquet", `${where} is no ${table.name} file of this lake: ${why}.`, "candlelake status", {
      cause,
    });
  }
}

function readGroup(bytes: Uint8Array, table: Table, { rows, chunks }: GroupPlace): Batch {
  const columns = table.columns.map((spec: ColumnSpec, c): Column => {
    const place = chunks[c];
    if (!place) throw new RangeError(`no chunk ${c}`);
    if (spec.type === "STRING") {
      const { words, codes } = readText(bytes, place, rows);
      return { dictionary: words, codes: words.length > 1 ? codes : null };
    }
    const values = new Float64Array(rows);
    const valid = readNumbers(bytes, place, spec.type !== "FLOAT64", values);
    return { values, valid };
  });
  return { table, rows, columns };
}
