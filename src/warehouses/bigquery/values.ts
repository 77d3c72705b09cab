import { isoMicros } from "../../core/time.ts";
import type { Cell, Field } from "./wire.ts";

/** What answers consist of. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };

const safe = (value: number): boolean => Number.isSafeInteger(value);

/** JSON has no word for three of the doubles; these are what BigQuery sends. */
function real(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

/** ISO 8601 for the years 1685 to 2254, which a double can count in microseconds; else the microseconds themselves. */
function instant(text: string): string {
  const micros = Number(text);
  return safe(micros) ? isoMicros(micros) : text;
}

function scalar(type: string, text: string): Value {
  switch (type) {
    case "INTEGER":
    case "INT64":
      return safe(Number(text)) ? Number(text) : text;
    case "FLOAT":
    case "FLOAT64":
      return real(text);
    case "BOOLEAN":
    case "BOOL":
      return text === "true";
    case "TIMESTAMP":
      return instant(text);
    case "BYTES":
      return Buffer.from(text, "base64").toString("hex");
    case "JSON":
      return JSON.parse(text);
    default:
      return text;
  }
}

const isRecord = ({ type }: Field): boolean => type === "RECORD" || type === "STRUCT";

function single(field: Field, value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (!isRecord(field)) return scalar(field.type, String(value));
  const { f: cells } = value as { readonly f: readonly Cell[] };
  return Object.fromEntries((field.fields ?? []).map((member, i) => [member.name, valueFrom(member, cells[i]?.v)]));
}

/** A value of an answer, asked for with times in microseconds, as `QueryResult` has it. */
export function valueFrom(field: Field, value: unknown): Value {
  if (field.mode !== "REPEATED") return single(field, value);
  return ((value ?? []) as readonly Cell[]).map(({ v }) => single(field, v));
}
