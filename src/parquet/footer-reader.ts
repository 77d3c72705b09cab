import type { ColumnSpec, Table } from "../core/table.ts";
import { physicalType } from "./footer.ts";
import { MAGIC, REPETITION, ROWS_PER_GROUP } from "./format.ts";
import { Malformed } from "./malformed.ts";
import { type Struct, ThriftReader } from "./thrift-reader.ts";

/** Where a column of a row group lies. */
export interface ChunkPlace {
  readonly from: number;
  readonly to: number;
  readonly codec: number;
}

export interface GroupPlace {
  readonly rows: number;
  /** In the table's order. */
  readonly chunks: readonly ChunkPlace[];
}

const PHYSICAL = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"];

/** A column's type in words, for a comparison and for the message when it fails. OPTIONAL goes without saying. */
function typeOf(element: Struct): string {
  const repetition = element.has(3) && element.count(3) === REPETITION.optional ? "" : "not OPTIONAL ";
  const physical = element.has(1) ? (PHYSICAL[element.count(1)] ?? "of an unknown type") : "a group";
  return `${repetition}${physical}${logicalType(element)}`;
}

/** Converted types by what they mean as logical ones (LogicalTypes.md); 18, a signed integer, is a bare INT64. */
const CONVERTED_TYPES: Readonly<Record<number, string>> = {
  0: " STRING",
  9: " TIMESTAMP(MILLIS, isAdjustedToUTC=true)",
  10: " TIMESTAMP(MICROS, isAdjustedToUTC=true)",
  18: "",
};

function logicalType(element: Struct): string {
  const logical = element.has(10) ? element.struct(10) : undefined;
  if (logical?.has(8)) {
    const timestamp = logical.struct(8);
    const unit = timestamp.struct(2);
    const name = unit.has(1) ? "MILLIS" : unit.has(2) ? "MICROS" : "NANOS";
    return ` TIMESTAMP(${name}, isAdjustedToUTC=${timestamp.flag(1)})`;
  }
  if (logical?.has(1)) return " STRING";
  const converted = element.has(6) ? CONVERTED_TYPES[element.count(6)] : undefined;
  return converted ?? (logical || element.has(6) ? " of another logical type" : "");
}

const EXPECTED = {
  TIMESTAMP: "INT64 TIMESTAMP(MICROS, isAdjustedToUTC=true)",
  STRING: "BYTE_ARRAY STRING",
  FLOAT64: "DOUBLE",
  INT64: "INT64",
} as const;

/** The places of the table's columns among the file's. */
function columnOrder(table: Table, elements: readonly Struct[]): readonly number[] {
  const leaves = elements.slice(1);
  const names = leaves.map((element) => element.text(4));
  const order = table.columns.map((spec: ColumnSpec) => {
    const place = names.indexOf(spec.name);
    if (place < 0) throw new Malformed(`it has no column ${spec.name}`);
    const type = typeOf(leaves[place] as Struct);
    if (type !== EXPECTED[spec.type]) throw new Malformed(`${spec.name} is ${type}, not ${EXPECTED[spec.type]}`);
    return place;
  });
  const foreign = names.find((name) => !table.columns.some((spec) => spec.name === name));
  if (foreign !== undefined) throw new Malformed(`it has a column ${JSON.stringify(foreign)}, which the table has not`);
  if (names.length > order.length) throw new Malformed("it has a column twice");
  return order;
}

function chunkPlace(spec: ColumnSpec, chunk: Struct, rows: number, end: number): ChunkPlace {
  const meta = chunk.struct(3);
  if (meta.count(1) !== physicalType(spec) || meta.count(5) !== rows) {
    throw new Malformed(`the metadata of ${spec.name} contradicts itself`);
  }
  const from = meta.has(11) ? Math.min(meta.count(11), meta.count(9)) : meta.count(9);
  const to = from + meta.count(7);
  if (from < MAGIC.length || to > end) throw new Malformed(`${spec.name} lies outside the file`);
  return { from, to, codec: meta.count(4) };
}

function groupPlace(table: Table, order: readonly number[], group: Struct, end: number): GroupPlace {
  const rows = group.count(3);
  // Bounds what a damaged file can make a reader allocate.
  if (rows > ROWS_PER_GROUP) throw new Malformed(`it has a row group of ${rows} rows`);
  const chunks = group.structs(1);
  return {
    rows,
    chunks: table.columns.map((spec, c) => {
      const chunk = chunks[order[c] as number];
      if (!chunk) throw new Malformed(`a row group has no ${spec.name}`);
      return chunkPlace(spec, chunk, rows, end);
    }),
  };
}

const isMagic = (bytes: Uint8Array, at: number): boolean => MAGIC.every((byte, i) => bytes[at + i] === byte);

/**
 * Reads the footer and compares its schema with the table's: the same columns in any order, each of the very type.
 *
 * @throws Malformed where it is another or none
 */
export function readFooter(bytes: Uint8Array, table: Table): readonly GroupPlace[] {
  const trailer = bytes.length - 8;
  if (trailer < MAGIC.length || !isMagic(bytes, 0)) throw new Malformed("it does not begin as Parquet does");
  if (!isMagic(bytes, trailer + 4)) throw new Malformed("it does not end as Parquet does");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(trailer, true);
  const from = trailer - length;
  if (from < MAGIC.length) throw new Malformed("its footer is cut");
  const metadata = new ThriftReader(bytes, from, trailer).struct();
  const order = columnOrder(table, metadata.structs(2));
  const groups = metadata.structs(4).map((group) => groupPlace(table, order, group, from));
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  if (rows !== metadata.count(3)) throw new Malformed("its row counts contradict each other");
  return groups;
}
