import type { DuckDBConnection } from "@duckdb/node-api";
import type { TableName } from "../../core/table.ts";
import type { Month } from "../../core/time.ts";
import { TABLE } from "../../market/tables.ts";
import type { LedgerRow } from "../../ports/warehouse.ts";
import { countAll, countEachMonth, selectLedger } from "../duckdb-sql.ts";

/**
 * What the ledger says of tables that are ours. Months that have another number of rows by now are marked as changed.
 * @param isOurs a table that is there, and is none that somebody put in the place of ours
 */
export async function readLedger(
  connection: DuckDBConnection,
  schema: string,
  isOurs: (table: TableName) => boolean,
): Promise<LedgerRow[]> {
  const ledger: LedgerRow[] = [];
  for (const row of await (await connection.run(selectLedger(schema))).getRowsJS()) {
    const [name, month = "", series = "", content = "", count, jobId = "", loadedAt] = row.map(String);
    const table = Object.values(TABLE).find((known) => known.name === name)?.name;
    // A table that this program does not load is none of its concern.
    if (table && isOurs(table))
      ledger.push({ table, month, series, content, rows: Number(count), jobId, loadedAt: Number(loadedAt) });
  }
  const marked: LedgerRow[] = [];
  for (const [table, rows] of Map.groupBy(ledger, (row) => row.table)) {
    const changed = await changedMonths(connection, schema, table, rows);
    for (const row of rows) marked.push(changed.has(row.month) ? { ...row, isChanged: true } : row);
  }
  return marked;
}

/** Months of a table that have not as many rows as the ledger says. Nearly always the table's count tells that none has. */
async function changedMonths(
  connection: DuckDBConnection,
  schema: string,
  name: TableName,
  ledger: readonly LedgerRow[],
): Promise<ReadonlySet<Month>> {
  const loaded = new Map<Month, number>();
  for (const { month, rows } of ledger) loaded.set(month, (loaded.get(month) ?? 0) + rows);
  const all = [...loaded.values()].reduce((sum, rows) => sum + rows, 0);
  const [[count] = []] = await (await connection.run(countAll(schema, name))).getRowsJS();
  if (Number(count) === all) return new Set();
  const found = await (await connection.run(countEachMonth(schema, TABLE[name]))).getRowsJS();
  const there = new Map(found.map(([month, rows]) => [String(month), Number(rows)]));
  return new Set([...loaded].flatMap(([month, rows]) => (there.get(month) === rows ? [] : month)));
}
