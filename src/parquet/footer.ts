import { schemaMessage } from "../arrow/schema.ts";
import type { ColumnSpec, Table } from "../core/table.ts";
import type { Chunk } from "./chunk.ts";
import { CONVERTED, CREATED_BY, REPETITION, TYPE } from "./format.ts";
import { THRIFT, ThriftWriter } from "./thrift.ts";

/** The chunks of a row group in column order, and where the first one begins in the file. */
export interface Group {
  readonly rows: number;
  readonly offset: number;
  readonly chunks: readonly Chunk[];
}

export const physicalType = (spec: ColumnSpec): number =>
  spec.type === "STRING" ? TYPE.byteArray : spec.type === "FLOAT64" ? TYPE.double : TYPE.int64;

/**
 * `SchemaElement`. Both the logical type and its predecessor, the converted type, because older readers know only that
 * one (LogicalTypes.md). INT64 has neither: a bare INT64 is a signed integer to every reader.
 */
function schemaElement(to: ThriftWriter, spec: ColumnSpec): void {
  to.element().i32(1, physicalType(spec)).i32(3, REPETITION.optional).binary(4, spec.name);
  if (spec.type === "TIMESTAMP") {
    // LogicalType.TIMESTAMP { isAdjustedToUTC: true, unit: MICROS }
    to.i32(6, CONVERTED.timestampMicros).begin(10).begin(8).bool(1, true).begin(2).begin(2).end().end().end().end();
  } else if (spec.type === "STRING") {
    to.i32(6, CONVERTED.utf8).begin(10).begin(1).end().end();
  }
  to.end();
}

/** What the footer says of a table whatever its rows are, as the fields before and after the rows' own. */
interface Frame {
  /** `version`, `schema`. */
  readonly head: Uint8Array;
  /** `key_value_metadata`, `created_by`, `column_orders`. */
  readonly tail: Uint8Array;
}

const frames = new WeakMap<Table, Frame>();

function frameOf(table: Table): Frame {
  const known = frames.get(table);
  if (known) return known;
  const { columns } = table;
  const head = new ThriftWriter().i32(1, 1).list(2, THRIFT.struct, columns.length + 1);
  head.element().binary(4, "schema").i32(5, columns.length).end();
  for (const spec of columns) schemaElement(head, spec);

  const tail = new ThriftWriter(4);
  // Only where a folder name carries a column does Arrow need to be told that both are the same type.
  if (columns.some((spec) => spec.partitionKey)) {
    const schema = Buffer.from(schemaMessage(table, true)).toString("base64");
    tail.list(5, THRIFT.struct, 1).element().binary(1, "ARROW:schema").binary(2, schema).end();
  }
  tail.binary(6, CREATED_BY).list(7, THRIFT.struct, columns.length);
  // ColumnOrder.TYPE_ORDER; without it readers have to ignore min_value and max_value.
  for (const _ of columns) tail.element().begin(1).end().end();
  const frame = { head: head.bytes, tail: tail.end().bytes };
  frames.set(table, frame);
  return frame;
}

/** `ColumnChunk` with its `ColumnMetaData`; the chunk begins at `offset`. */
function columnChunk(to: ThriftWriter, spec: ColumnSpec, chunk: Chunk, rows: number, offset: number): void {
  to.element().i64(2, 0).begin(3);
  to.i32(1, physicalType(spec)).i32s(2, chunk.encodings).binaries(3, [spec.name]).i32(4, chunk.codec);
  to.i64(5, rows)
    .i64(6, chunk.raw)
    .i64(7, chunk.stored)
    .i64(9, offset + chunk.dictionary);
  if (chunk.dictionary > 0) to.i64(11, offset);
  const { nulls, range } = chunk.statistics;
  to.begin(12).i64(3, nulls);
  if (range) to.binary(5, range[1]).binary(6, range[0]);
  to.end().end().end();
}

/** `FileMetaData` of parquet.thrift. */
export function footer(table: Table, rows: number, groups: readonly Group[]): Uint8Array {
  const { head, tail } = frameOf(table);
  const to = new ThriftWriter().append(head, 2).i64(3, rows).list(4, THRIFT.struct, groups.length);
  for (const group of groups) {
    to.element().list(1, THRIFT.struct, group.chunks.length);
    let offset = group.offset;
    group.chunks.forEach((chunk, c) => {
      columnChunk(to, table.columns[c] as ColumnSpec, chunk, group.rows, offset);
      offset += chunk.stored;
    });
    const raw = group.chunks.reduce((size, chunk) => size + chunk.raw, 0);
    to.i64(2, raw)
      .i64(3, group.rows)
      .i64(5, group.offset)
      .i64(6, offset - group.offset)
      .end();
  }
  return to.append(tail).bytes;
}
