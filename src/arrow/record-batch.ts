import { type Batch, type Column, isText, type NumberColumn, type TextColumn } from "../core/batch.ts";
import { toInt64 } from "../core/int64.ts";
import type { ColumnSpec } from "../core/table.ts";
import { FlatBuffer } from "./flatbuffer.ts";
import { HEADER, message } from "./message.ts";

// `RecordBatch` of Message.fbs; buffers as in Arrow's columnar format, "Physical memory layout".

const encoder = new TextEncoder();

/** Buffers begin on multiples of this many bytes. */
const ALIGNMENT = 8;

const padded = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

interface Filled {
  readonly nulls: number;
  readonly buffers: readonly Uint8Array[];
}

const NOTHING = new Uint8Array();

const bytesOf = (array: Float64Array | Uint32Array | Int32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** A validity bitmap, the first row in the lowest bit, and a double or a 64-bit integer per row, 0 where it is NULL. */
function fillNumbers({ values, valid }: NumberColumn, integers: boolean): Filled {
  const bitmap = valid ? new Uint8Array(Math.ceil(values.length / 8)) : NOTHING;
  const known = valid ? values.map((value, i) => (valid[i] ? value : 0)) : values;
  let nulls = 0;
  valid?.forEach((level, i) => {
    if (level) bitmap[i >> 3] = (bitmap[i >> 3] as number) | (1 << (i & 7));
    else nulls++;
  });
  return { nulls, buffers: [bitmap, bytesOf(integers ? toInt64(known) : known)] };
}

/** No bitmap, as text is never NULL; where each row's text ends, after a first 0; the texts one after the other. */
function fillText({ dictionary, codes }: TextColumn, rows: number): Filled {
  const words = dictionary.map((word) => encoder.encode(word));
  const wordOf = (row: number): Uint8Array => {
    const word = words[codes?.[row] ?? 0];
    if (!word) throw new TypeError(`row ${row} has a code without a word`);
    return word;
  };
  const ends = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++) ends[i + 1] = (ends[i] as number) + wordOf(i).length;
  const text = new Uint8Array(ends[rows] as number);
  for (let i = 0; i < rows; i++) text.set(wordOf(i), ends[i]);
  return { nulls: 0, buffers: [NOTHING, bytesOf(ends), text] };
}

const fill = (spec: ColumnSpec, column: Column, rows: number): Filled =>
  isText(column) ? fillText(column, rows) : fillNumbers(column, spec.type !== "FLOAT64");

/** Pairs of 64-bit integers: the structs `FieldNode` and `Buffer`. */
const pairs = (values: readonly (readonly [number, number])[]): Uint8Array =>
  bytesOf(toInt64(Float64Array.from(values.flat())));

/** A message and the lengths that the file's footer tells of it. */
export interface RecordBatch {
  readonly bytes: Uint8Array;
  readonly metadata: number;
  readonly body: number;
}

/** @throws TypeError where a text's code has no word */
export function recordBatch(batch: Batch): RecordBatch {
  const { table, rows, columns } = batch;
  const filled = table.columns.map((spec, c) => fill(spec, columns[c] as Column, rows));
  const buffers = filled.flatMap((one) => one.buffers);
  let body = 0;
  const places = buffers.map((buffer): readonly [number, number] => {
    const at = body;
    body += padded(buffer.length);
    return [at, buffer.length];
  });
  const to = new FlatBuffer();
  const nodes = to.vector(filled.length, pairs(filled.map((one) => [rows, one.nulls])), ALIGNMENT);
  const spans = to.vector(places.length, pairs(places), ALIGNMENT);
  const header = to.table([
    [0, "i64", rows],
    [1, "offset", nodes],
    [2, "offset", spans],
  ]);
  const metadata = message(to, HEADER.recordBatch, header, body);
  const bytes = new Uint8Array(metadata.length + body);
  bytes.set(metadata);
  buffers.forEach((buffer, i) => {
    bytes.set(buffer, metadata.length + (places[i]?.[0] ?? 0));
  });
  return { bytes, metadata: metadata.length, body };
}
