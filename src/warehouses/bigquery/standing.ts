import type { WarehouseError } from "../../core/errors.ts";
import type { TableName } from "../../core/table.ts";
import type { Month } from "../../core/time.ts";
import { TABLES } from "../../market/tables.ts";
import type { LedgerRow, StrangeMonth } from "../../ports/warehouse.ts";
import { lifetimeOf } from "./expiry.ts";
import { decorator, monthNamed } from "./job-id.ts";
import { isLater } from "./later.ts";
import type { LedgerState } from "./ledger-state.ts";
import { notOurs, strangerRows } from "./ownership.ts";
import type { Tables } from "./tables.ts";

/** What of the ledger is there, and what is there beside it. */
export interface Standing {
  /** The rows whose months are there, with a mark where somebody wrote to them since. */
  readonly rows: readonly LedgerRow[];
  readonly strangers: readonly StrangeMonth[];
  /** Why nothing is loaded into tables that stand in the place of ours. */
  readonly foreign: ReadonlyMap<TableName, WarehouseError>;
  /** Rows without a time, which are in no month, by table. */
  readonly timeless: ReadonlyMap<TableName, number>;
  /** How long months last, of tables in which they do not for ever. */
  readonly lifetimes: ReadonlyMap<TableName, number>;
}

/** The partition of rows without a time. */
const NULL_PARTITION = "__NULL__";

const sum = (rows: readonly { readonly rows: number }[]): number => rows.reduce((total, row) => total + row.rows, 0);

const partitionOf = ({ table, month }: Pick<LedgerRow, "table" | "month">): string => `${table}$${decorator(month)}`;

/**
 * Compares the ledger with what is there: others may have written to a month or deleted it, and partitions of the sandbox
 * expire. Each month is judged by its own last change: the table's says nothing of months that were written to before its
 * last load. A request a table, two more where it has rows, and one for each month that the ledger does not know.
 * @param state undefined where there is no ledger
 * @throws WarehouseError
 */
export async function standing(label: string, tables: Tables, state: LedgerState | undefined): Promise<Standing> {
  const kept: LedgerRow[] = [];
  const strangers: StrangeMonth[] = [];
  const timeless = new Map<TableName, number>();
  const lifetimes = new Map<TableName, number>();
  const foreign = new Map<TableName, WarehouseError>();
  const loaded = Map.groupBy(state?.rows() ?? [], (row) => row.table);
  const names = TABLES.filter((table) => table.loaded).map((table) => table.name);
  const looks = await Promise.all(names.map((name) => tables.table(name)));
  for (const [index, name] of names.entries()) {
    const own = loaded.get(name) ?? [];
    const table = looks[index];
    const lifetime = table && lifetimeOf(table);
    if (lifetime !== undefined) lifetimes.set(name, lifetime);
    const refusal = table && notOurs(label, tables, table, state);
    if (refusal) foreign.set(name, refusal);
    const isEmpty = own.length === 0 && (table?.numRows ?? "0") === "0";
    // One that has no months, or was never ours, has nothing of ours.
    if (state && table?.timePartitioning && !isEmpty && !strangerRows(table, state)) {
      const times = await tables.partitions(table);
      const unknown = await unknownMonths(tables, name, new Set(own.map(({ month }) => month)), times);
      const beside = unknown.map((one) => (state.unit(name, one.month) ? { ...one, isDisowned: true as const } : one));
      const nulls = times.has(NULL_PARTITION) ? await tables.count(`${name}$${NULL_PARTITION}`) : 0;
      const there = marked(own, times);
      const told = sum(there) + sum(beside) + nulls;
      const isTold = told === Number(table.numRows) || there.some((row) => row.isChanged);
      kept.push(...(isTold ? there : await counted(tables, there)));
      strangers.push(...beside);
      if (nulls > 0) timeless.set(name, nulls);
    }
  }
  return { rows: kept, strangers, foreign, timeless, lifetimes };
}

/** Those of the months that have a partition, and which of them was written to since. */
const marked = (own: readonly LedgerRow[], times: ReadonlyMap<string, number>): LedgerRow[] =>
  own.flatMap((row) => {
    const written = times.get(decorator(row.month));
    if (written === undefined) return [];
    return [isLater(written, row.loadedAt) ? { ...row, isChanged: true as const } : row];
  });

/** Those of the months that have their number of rows: what was done right after a load is told by nothing else. */
async function counted(tables: Tables, rows: readonly LedgerRow[]): Promise<LedgerRow[]> {
  const kept: LedgerRow[] = [];
  for (const [partition, unit] of Map.groupBy(rows, partitionOf)) {
    if ((await tables.count(partition)) === sum(unit)) kept.push(...unit);
  }
  return kept;
}

async function unknownMonths(
  tables: Tables,
  table: TableName,
  known: ReadonlySet<Month>,
  times: ReadonlyMap<string, number>,
): Promise<StrangeMonth[]> {
  const months = [...times.keys()].flatMap((id) => monthNamed(id) ?? []).filter((month) => !known.has(month));
  const found: StrangeMonth[] = [];
  for (const month of months.sort()) {
    const rows = await tables.count(partitionOf({ table, month }));
    if (rows > 0) found.push({ table, month, rows });
  }
  return found;
}
