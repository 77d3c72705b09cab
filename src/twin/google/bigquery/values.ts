import type { DuckDBType } from "@duckdb/node-api";
import type { Cell } from "./duck.ts";
import { unserved } from "./failure.ts";
import type { FieldType } from "./schema.ts";

/** A column of an answer. */
export interface ResultField {
  readonly name: string;
  readonly type: FieldType | "INTERVAL";
  readonly mode: "NULLABLE" | "REQUIRED" | "REPEATED";
}

const TYPES: Readonly<Record<string, FieldType | "INTERVAL">> = {
  VARCHAR: "STRING",
  BLOB: "BYTES",
  BOOLEAN: "BOOLEAN",
  TINYINT: "INTEGER",
  SMALLINT: "INTEGER",
  INTEGER: "INTEGER",
  BIGINT: "INTEGER",
  HUGEINT: "INTEGER",
  UTINYINT: "INTEGER",
  USMALLINT: "INTEGER",
  UINTEGER: "INTEGER",
  UBIGINT: "INTEGER",
  UHUGEINT: "INTEGER",
  FLOAT: "FLOAT",
  DOUBLE: "FLOAT",
  DATE: "DATE",
  TIME: "TIME",
  TIMESTAMP: "DATETIME",
  TIMESTAMP_S: "DATETIME",
  TIMESTAMP_MS: "DATETIME",
  TIMESTAMP_NS: "DATETIME",
  "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
  JSON: "JSON",
  INTERVAL: "INTERVAL",
  // NULL alone is an integer in GoogleSQL.
  '"NULL"': "INTEGER",
};

/** How BigQuery types a column that DuckDB answers. @throws Failure where there is no such type here */
export function resultField(name: string, type: DuckDBType): ResultField {
  const spelled = String(type);
  if (spelled.endsWith("]") && "valueType" in type) return { ...resultField(name, type.valueType), mode: "REPEATED" };
  if ("entryTypes" in type) throw unserved(`The type of the column ${name}, STRUCT,`);
  const decimal = /^DECIMAL\(\d+,(\d+)\)$/.exec(spelled);
  if (decimal) return { name, type: Number(decimal[1]) > 9 ? "BIGNUMERIC" : "NUMERIC", mode: "NULLABLE" };
  return { name, type: TYPES[spelled] ?? "STRING", mode: "NULLABLE" };
}

export interface Manner {
  /** TIMESTAMP as microseconds, not as seconds with a fraction. */
  readonly micros: boolean;
}

/** A value as the REST interface writes it: text, null, or cells of a list. */
export function wireValue(cell: Cell, field: ResultField, manner: Manner): unknown {
  if (field.mode === "REPEATED") {
    const item: ResultField = { ...field, mode: "NULLABLE" };
    return itemsOf(cell).map((value) => ({ v: wireValue(value, item, manner) }));
  }
  if (cell === null) return null;
  if (typeof cell === "number") return field.type === "FLOAT" ? floatText(cell) : String(cell);
  if (typeof cell === "object") {
    if ("bytes" in cell) return Buffer.from(cell.bytes).toString("base64");
    if ("micros" in cell && field.type === "TIMESTAMP")
      return manner.micros ? String(cell.micros) : secondsText(cell.micros);
    if (field.type === "DATETIME") return String(cell).replace(" ", "T");
    if (field.type === "NUMERIC" || field.type === "BIGNUMERIC") return shortened(String(cell));
  }
  return String(cell);
}

const itemsOf = (cell: Cell): readonly Cell[] =>
  typeof cell === "object" && cell !== null && "items" in cell ? cell.items : [];

/** `1.50` is 1.5, `2.00` is 2. */
const shortened = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** A double as Java prints it, which is how BigQuery answers it. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
}

/** Seconds with a fraction, in the same spelling, but of the exact microseconds. */
function secondsText(micros: bigint): string {
  const negative = micros < 0n;
  const digits = String(negative ? -micros : micros).padStart(7, "0");
  const seconds = digits.slice(0, -6);
  const sign = negative ? "-" : "";
  if (seconds.length < 8) return `${sign}${seconds}.${digits.slice(-6).replace(/0+$/, "") || "0"}`;
  const rest = digits.slice(1).replace(/0+$/, "") || "0";
  return `${sign}${digits[0]}.${rest}E${seconds.length - 1}`;
}
