import { invalid, unserved } from "./failure.ts";
import { type Json, listOf, objectOf, textOf } from "./json.ts";

/** Types by the names that the REST interface answers. */
export const DUCK_TYPES = {
  STRING: "VARCHAR",
  BYTES: "BLOB",
  INTEGER: "BIGINT",
  FLOAT: "DOUBLE",
  BOOLEAN: "BOOLEAN",
  TIMESTAMP: "TIMESTAMPTZ",
  DATETIME: "TIMESTAMP",
  DATE: "DATE",
  TIME: "TIME",
  NUMERIC: "DECIMAL(38,9)",
  BIGNUMERIC: "DECIMAL(38,18)",
  JSON: "JSON",
} as const;

export type FieldType = keyof typeof DUCK_TYPES;
export type Mode = "NULLABLE" | "REQUIRED";

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly mode: Mode;
  readonly description?: string;
}

const ALIASES: Readonly<Record<string, FieldType>> = {
  INT64: "INTEGER",
  FLOAT64: "FLOAT",
  BOOL: "BOOLEAN",
  DECIMAL: "NUMERIC",
  BIGDECIMAL: "BIGNUMERIC",
};

/** A type by either of its names; undefined where it is none that is served. */
export function typeNamed(name: string): FieldType | undefined {
  const upper = name.toUpperCase();
  return ALIASES[upper] ?? (Object.hasOwn(DUCK_TYPES, upper) ? (upper as FieldType) : undefined);
}

const NAME = /^[\p{L}_][\p{L}\p{N}_]{0,299}$/u;
const FORBIDDEN = /^(_TABLE_|_FILE_|_PARTITION|_ROW_TIMESTAMP|__ROOT__|_COLIDENTIFIER|_CHANGE_)/i;

function fieldOf(value: unknown): Field {
  const { name, type, mode, description } = objectOf(value);
  const label = textOf(name) ?? "";
  if (!NAME.test(label) || FORBIDDEN.test(label)) {
    throw invalid(
      `Invalid field name "${label}". Fields must contain only letters, numbers, and underscores, start with a letter or underscore, and be at most 300 characters long.`,
    );
  }
  const known = typeNamed(textOf(type) ?? "");
  if (known === undefined) {
    if (/^(RECORD|STRUCT|GEOGRAPHY|RANGE|INTERVAL)$/i.test(textOf(type) ?? "")) throw unserved(`Field type ${type}`);
    throw invalid(`Invalid value for type: ${textOf(type)} is not a valid value`);
  }
  const upper = (textOf(mode) ?? "NULLABLE").toUpperCase() || "NULLABLE";
  if (upper === "REPEATED") throw unserved("Mode REPEATED");
  if (upper !== "NULLABLE" && upper !== "REQUIRED")
    throw invalid(`Invalid value for mode: ${upper} is not a valid value`);
  const text = textOf(description);
  return { name: label, type: known, mode: upper, ...(text === undefined ? {} : { description: text }) };
}

/** A schema as sent; undefined where there is none. @throws Failure */
export function fieldsOf(schema: unknown): readonly Field[] | undefined {
  const { fields }: Json = objectOf(schema);
  if (!Array.isArray(fields)) return undefined;
  const read = listOf(fields).map(fieldOf);
  const seen = new Set<string>();
  for (const { name } of read) {
    const key = name.toLowerCase();
    if (seen.has(key)) throw invalid(`Duplicate field name: ${name}`);
    seen.add(key);
  }
  return read;
}

/** Column names are told apart without regard to case. */
export const fieldNamed = (fields: readonly Field[], name: string): Field | undefined =>
  fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
