import type { ColumnSpec, Table } from "../core/table.ts";
import { FlatBuffer } from "./flatbuffer.ts";
import { HEADER, message } from "./message.ts";

// Schema.fbs of Arrow's columnar format; numbers in front of values are the fields' slots there.

/** `union Type` */
const TYPE = { int: 2, floatingPoint: 3, utf8: 5, timestamp: 10 } as const;
const DOUBLE = 2;
const MICROSECOND = 2;

interface Types {
  readonly of: (spec: ColumnSpec) => readonly [kind: number, at: number];
  readonly noChildren: number;
  /** `DictionaryEncoding` with 32-bit codes, not ordered. */
  readonly dictionary: number;
}

/** Writes each type once; all fields of that type refer to it. */
function types(to: FlatBuffer): Types {
  const noChildren = to.offsets([]);
  const double = to.table([[0, "i16", DOUBLE]]);
  const utf8 = to.table([]);
  const int = (bits: number) =>
    to.table([
      [0, "i32", bits],
      [1, "u8", 1],
    ]);
  const [int32, int64] = [int(32), int(64)];
  const timestamp = to.table([
    [0, "i16", MICROSECOND],
    [1, "offset", to.string("UTC")],
  ]);
  const dictionary = to.table([[1, "offset", int32]]);
  const of = (spec: ColumnSpec): readonly [number, number] => {
    if (spec.type === "FLOAT64") return [TYPE.floatingPoint, double];
    if (spec.type === "INT64") return [TYPE.int, int64];
    if (spec.type === "TIMESTAMP") return [TYPE.timestamp, timestamp];
    return [TYPE.utf8, utf8];
  };
  return { of, noChildren, dictionary };
}

/**
 * `Schema` of a table, all fields nullable: double, int64, timestamp[us, tz=UTC], utf8.
 *
 * @param keyed whether columns that folder names carry too are dictionaries of 32-bit codes
 * @returns its place in `to`
 */
export function schema(to: FlatBuffer, table: Table, keyed: boolean): number {
  const { of, noChildren, dictionary } = types(to);
  const fields = table.columns.map((spec) => {
    const [kind, type] = of(spec);
    const name = to.string(spec.name);
    return to.table([
      [0, "offset", name],
      [1, "u8", 1],
      [2, "u8", kind],
      [3, "offset", type],
      ...(keyed && spec.partitionKey ? ([[4, "offset", dictionary]] as const) : []),
      [5, "offset", noChildren],
    ]);
  });
  return to.table([[1, "offset", to.offsets(fields)]]);
}

/** The schema as a message of its own, as it begins an Arrow stream and as Parquet keeps it under `ARROW:schema`. */
export function schemaMessage(table: Table, keyed: boolean): Uint8Array {
  const to = new FlatBuffer();
  return message(to, HEADER.schema, schema(to, table, keyed), 0);
}
