import type { StoredTable } from "./catalog.ts";
import { type Duck, identifier } from "./duck.ts";
import { DIGITS, NULL_PARTITION, type TimePartitioning } from "./partition.ts";

/** When a partition was made and last written to; milliseconds. */
export interface PartitionTimes {
  readonly created: number;
  readonly modified: number;
}

export interface PartitionSummary extends PartitionTimes {
  readonly id: string;
  readonly rows: number;
}

/** A row's partition, as an expression. */
function idOf({ type, field }: TimePartitioning): string {
  const pattern = "%Y%m%d%H".slice(0, DIGITS[type] - 2);
  return `coalesce(strftime(${identifier(field)}, '${pattern}'), '${NULL_PARTITION}')`;
}

/** The partitions that a relation's rows belong to. */
export async function partitionsIn(duck: Duck, rows: string, partitioning: TimePartitioning): Promise<string[]> {
  return (await duck.ask(`SELECT DISTINCT ${idOf(partitioning)} FROM ${rows}`)).rows.map(([id]) => String(id));
}

/** What a partition has, told by a text that is another one where its rows are others. */
export async function partitionContents(duck: Duck, table: StoredTable): Promise<ReadonlyMap<string, string>> {
  if (table.partitioning === undefined) return new Map();
  const select = `SELECT ${idOf(table.partitioning)}, count(*) || ' ' || sum(hash(t)::HUGEINT)`;
  const { rows } = await duck.ask(`${select} FROM ${table.rows} AS t GROUP BY 1`);
  return new Map(rows.map(([id, content]) => [String(id), String(content)]));
}

/** Partitions of which two looks at a table's contents tell different things. */
export const differing = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((id) => before.get(id) !== after.get(id));

export function touch({ partitions }: StoredTable, ids: readonly string[], now: number): void {
  for (const id of ids) partitions.set(id, { created: partitions.get(id)?.created ?? now, modified: now });
}

/** The partitions that have rows, in order. */
export async function partitionSummaries(duck: Duck, table: StoredTable): Promise<PartitionSummary[]> {
  if (table.partitioning === undefined) return [];
  const { rows } = await duck.ask(
    `SELECT ${idOf(table.partitioning)}, count(*) FROM ${table.rows} GROUP BY 1 ORDER BY 1`,
  );
  return rows.map(([id, count]) => ({ id: String(id), rows: Number(count), ...timesOf(table, String(id)) }));
}

export const timesOf = ({ partitions, created, modified }: StoredTable, id: string): PartitionTimes =>
  partitions.get(id) ?? { created, modified };
