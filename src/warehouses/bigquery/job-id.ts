import { createHash } from "node:crypto";
import type { LoadUnit } from "../../ports/warehouse.ts";
import type { TableReference } from "./wire.ts";

/** Sixteen hexadecimal digits of whatever decides about a job. */
export const hashOf = (parts: unknown): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);

/** BigQuery never takes an id twice, not even after a failure: each attempt has its own. */
export const attemptId = (name: string, attempt: number): string => `${name}_${attempt}`;

/** What a job's id depends on beside the unit. */
export interface Target {
  readonly table: TableReference;
  /** Of the table: one that was made anew has nothing of what jobs brought before. */
  readonly creationTime: string | undefined;
  /** The job that brought what the ledger says is there: going back to older content is a job of its own. */
  readonly replaces: string | undefined;
}

/** Name of the unit's job, without its attempt: the same for the same content that goes to the same place. */
export function jobName(unit: LoadUnit, { table, creationTime, replaces }: Target): string {
  const content = unit.series.map((part) => `${part.series} ${part.content}`).sort();
  const hash = hashOf([table, creationTime, unit.month, content, replaces]);
  return `candlelake_${unit.table.name}_${decorator(unit.month)}_${hash}`;
}

/** `2025-01` as a partition decorator has it. */
export const decorator = (month: string): string => month.replace("-", "");

/** The month of a partition; undefined for one of rows that are in none. */
export const monthNamed = (id: string): string | undefined =>
  /^\d{6}$/.test(id) ? `${id.slice(0, 4)}-${id.slice(4)}` : undefined;
