import type { DuckDBValue } from "@duckdb/node-api";
import { isoMicros } from "../../core/time.ts";

type Duck = typeof import("@duckdb/node-api");

/** What answers consist of. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };

const safe = (value: bigint): boolean => value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;

const whole = (value: bigint): number | string => (safe(value) ? Number(value) : value.toString());

/** JSON has no word for three of the doubles; these are SQL's. */
function real(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** Every decimal of so many digits is told from its neighbours by the double nearest to it. */
const EXACT_DIGITS = 15;

/** A number where it stands for this decimal and no other. */
function decimal(text: string): number | string {
  const digits = text.replace(/[-.]/g, "").replace(/^0+/, "");
  const significant = text.includes(".") ? digits.replace(/0+$/, "") : digits;
  return significant.length <= EXACT_DIGITS ? Number(text) : text;
}

/** ISO 8601 for the years 1685 to 2254, which a double can count in microseconds; else DuckDB's own text. */
const instant = (micros: bigint, value: DuckDBValue): string =>
  safe(micros) ? isoMicros(Number(micros)) : String(value);

/** Turns DuckDB's values into those of `QueryResult`. */
export function valueConverter(duck: Duck): (value: DuckDBValue) => Value {
  const convert = (value: DuckDBValue): Value => {
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "number") return real(value);
    if (typeof value === "bigint") return whole(value);
    if (value instanceof duck.DuckDBTimestampValue) return instant(value.micros, value);
    if (value instanceof duck.DuckDBTimestampTZValue) return instant(value.micros, value);
    if (value instanceof duck.DuckDBTimestampMillisecondsValue) return instant(value.millis * 1000n, value);
    if (value instanceof duck.DuckDBTimestampSecondsValue) return instant(value.seconds * 1_000_000n, value);
    if (value instanceof duck.DuckDBDecimalValue) return decimal(String(value));
    if (value instanceof duck.DuckDBBlobValue) return Buffer.from(value.bytes).toString("hex");
    if (value instanceof duck.DuckDBListValue || value instanceof duck.DuckDBArrayValue)
      return value.items.map(convert);
    if (value instanceof duck.DuckDBStructValue) {
      return Object.fromEntries(Object.entries(value.entries).map(([name, member]) => [name, convert(member)]));
    }
    if (value instanceof duck.DuckDBMapValue) {
      return value.entries.map((entry) => ({ key: convert(entry.key), value: convert(entry.value) }));
    }
    if (value instanceof duck.DuckDBUnionValue || value instanceof duck.DuckDBVariantValue) return convert(value.value);
    return String(value);
  };
  return convert;
}
