import { invalid, unserved } from "./failure.ts";
import { flagOf, integerOf, objectOf, textOf } from "./json.ts";
import { type Field, fieldNamed } from "./schema.ts";

export const UNITS = ["HOUR", "DAY", "MONTH", "YEAR"] as const;
export type Unit = (typeof UNITS)[number];

export interface TimePartitioning {
  readonly type: Unit;
  readonly field: string;
  /** Milliseconds after a partition's beginning. */
  readonly expirationMs: number | undefined;
}

/** One partition, from its first to before its last moment; milliseconds, UTC. */
export interface Partition {
  readonly id: string;
  readonly from: number;
  readonly to: number;
}

/** The partition of rows without a time. */
export const NULL_PARTITION = "__NULL__";
/** What stands in a partition's place for the list of all. */
export const SUMMARY = "__PARTITIONS_SUMMARY__";

export const DIGITS: Readonly<Record<Unit, number>> = { YEAR: 4, MONTH: 6, DAY: 8, HOUR: 10 };

/** @throws Failure */
export function partitioningOf(value: unknown, fields: readonly Field[]): TimePartitioning | undefined {
  if (value === undefined || value === null) return undefined;
  const spec = objectOf(value);
  const type = UNITS.find((unit) => unit === textOf(spec["type"]));
  if (type === undefined) throw invalid(`Invalid value for timePartitioning.type: ${textOf(spec["type"])}`);
  const name = textOf(spec["field"]);
  if (name === undefined) throw unserved("Partitioning by ingestion time");
  const field = fieldNamed(fields, name);
  if (field === undefined) {
    throw invalid(`The field specified for partitioning cannot be found in the schema: ${name}.`);
  }
  if (!["TIMESTAMP", "DATE", "DATETIME"].includes(field.type) || (type === "HOUR" && field.type === "DATE")) {
    throw invalid(
      `The field specified for partitioning can only be of type TIMESTAMP, DATE or DATETIME. The type found is: ${field.type}.`,
    );
  }
  if (flagOf(spec["requirePartitionFilter"])) throw unserved("timePartitioning.requirePartitionFilter");
  return { type, field: field.name, expirationMs: integerOf(spec["expirationMs"]) };
}

/** `t$202501` as the table and its decorator. */
export function splitDecorator(tableId: string): { readonly name: string; readonly decorator: string | undefined } {
  const at = tableId.indexOf("$");
  return at < 0
    ? { name: tableId, decorator: undefined }
    : { name: tableId.slice(0, at), decorator: tableId.slice(at + 1) };
}

/**
 * The partition that a decorator names.
 * @throws Failure where the table has no such partitions
 */
export function partitionNamed(
  table: string,
  decorator: string,
  partitioning: TimePartitioning | undefined,
): Partition {
  if (partitioning === undefined) {
    throw invalid(`Partition decorators are not supported on tables that are not partitioned: ${table}$${decorator}`);
  }
  const wanted = DIGITS[partitioning.type];
  const [, year, month = "01", day = "01", hour = "00"] = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?$/.exec(decorator) ?? [];
  const from = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  const exists = new Date(from || 0).toISOString().replace(/\D/g, "").startsWith(decorator);
  if (decorator.length !== wanted || Number.isNaN(from) || !exists) {
    throw invalid(
      `Invalid date partitioned table decorator: ${table}$${decorator}. A table partitioned by ${partitioning.type} takes ${wanted} digits.`,
    );
  }
  return { id: decorator, from, to: nextOf(from, partitioning.type) };
}

function nextOf(from: number, unit: Unit): number {
  const date = new Date(from);
  if (unit === "YEAR") return date.setUTCFullYear(date.getUTCFullYear() + 1);
  if (unit === "MONTH") return date.setUTCMonth(date.getUTCMonth() + 1);
  if (unit === "DAY") return date.setUTCDate(date.getUTCDate() + 1);
  return date.setUTCHours(date.getUTCHours() + 1);
}
