import type { Field } from "./schema.ts";

/** A value that a column cannot take; the message says why. */
export class Unfit extends Error {}

const INTEGER = /^[+-]?\d{1,19}$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INSTANT =
  /^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,6})?)?\s*(Z|UTC|[+-]\d{1,2}(:?\d{2})?)?)?$/i;
const SHAPES = {
  DATE: /^\d{4}-\d{1,2}-\d{1,2}$/,
  DATETIME: /^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,6})?)?)?$/,
  TIME: /^\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,6})?)?$/,
} as const;

/** A JSON value as text that DuckDB casts to the column's type. @throws Unfit */
export function columnText(value: unknown, { name, type, mode }: Field): string | null {
  if (value === null || value === undefined) {
    if (mode === "REQUIRED") throw new Unfit(`Missing required field: ${name}.`);
    return null;
  }
  if (type === "JSON") return JSON.stringify(value);
  if (Array.isArray(value)) throw new Unfit(`Array specified for non-repeated field: ${name}.`);
  if (typeof value === "object") throw new Unfit(`This field: ${name} is not a record.`);
  const text = String(value);
  const wrong = () => new Unfit(`Could not convert value '${text}' to ${type}. Field: ${name}; Value: ${text}`);
  switch (type) {
    case "STRING":
      return text;
    case "BYTES":
      return text;
    case "INTEGER": {
      const fits = typeof value === "number" ? Number.isSafeInteger(value) : INTEGER.test(text);
      if (!fits || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) throw wrong();
      return text;
    }
    case "FLOAT":
      if (NUMBER.test(text) || /^[+-]?(nan|inf(inity)?)$/i.test(text)) return text;
      throw wrong();
    case "NUMERIC":
    case "BIGNUMERIC":
      if (NUMBER.test(text)) return text;
      throw wrong();
    case "BOOLEAN":
      if (/^(true|false)$/i.test(text)) return text;
      throw wrong();
    case "TIMESTAMP":
      if (NUMBER.test(text)) return new Date(Number(text) * 1000).toISOString();
      if (INSTANT.test(text)) return text.replace(/\s*UTC$/i, "Z").replace(/^([\d-]+)$/, "$1 00:00:00Z");
      throw wrong();
    default:
      if (SHAPES[type].test(text)) return text;
      throw wrong();
  }
}
