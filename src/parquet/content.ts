import { createHash, type Hash } from "node:crypto";
import { type Batch, type Column, isText, type NumberColumn, slice } from "../core/batch.ts";
import type { ColumnSpec } from "../core/table.ts";
import { type Words, wordsOf } from "./words.ts";

/** First line of what is hashed; a change of the encoding below needs another one. */
const TAG = "candlelake rows 1";

/** Says how rows came here, not what they are. */
const isContent = (spec: ColumnSpec): boolean => spec.name !== "source";

/**
 * SHA-256 of a batch's rows without the column `source`, in lower-case hex: what rows are, whoever brought them and
 * whatever file they lie in. Hashed are
 *
 * 1. a line of text each for the tag, the number of rows, and every column's name and type;
 * 2. of a column of numbers: the byte 0 where nothing is NULL, otherwise the byte 1 and a byte per row (1 a value,
 *    0 NULL); then a double (IEEE 754, little-endian) per row, also for INT64 and TIMESTAMP, whose values are below
 *    2^53; 0 stands for -0 and for NULL;
 * 3. of a column of text: a line with the words in the order of their first use, as a JSON array; then a byte per row,
 *    its word's place in that array, where there is more than one word.
 *
 * @param rows only the first so many rows
 */
export function contentHash(batch: Batch, rows: number = batch.rows): string {
  const { table, columns } = slice(batch, 0, rows);
  const specs = table.columns
    .map((spec, c) => ({ spec, column: columns[c] as Column }))
    .filter((one) => isContent(one.spec));
  const hash = createHash("sha256");
  hash.update([TAG, `${rows}`, ...specs.map(({ spec }) => `${spec.name} ${spec.type}`), ""].join("\n"));
  for (const { column } of specs) {
    if (isText(column)) hashText(hash, wordsOf(column, rows));
    else hashNumbers(hash, column);
  }
  return hash.digest("hex");
}

/** Values as they are hashed, a column after the other: new memory for each would keep the collector busy. */
let desk = new Float64Array(0);

function hashNumbers(hash: Hash, { values, valid }: NumberColumn): void {
  if (desk.length < values.length) desk = new Float64Array(values.length);
  const levels = valid?.includes(0) ? valid : null;
  // Adding 0 turns -0 into 0 and leaves everything else as it is.
  for (let i = 0; i < values.length; i++) desk[i] = levels && !levels[i] ? 0 : (values[i] as number) + 0;
  hash.update(Uint8Array.of(levels ? 1 : 0));
  if (levels) hash.update(levels.map((level) => (level ? 1 : 0)));
  hash.update(desk.subarray(0, values.length));
}

function hashText(hash: Hash, { words, codes }: Words): void {
  hash.update(`${JSON.stringify(words)}\n`);
  if (codes) hash.update(codes);
}
