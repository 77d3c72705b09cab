import type { LedgerRow } from "../../ports/warehouse.ts";
import type { Tables } from "./tables.ts";

const sum = (rows: readonly LedgerRow[]): number => rows.reduce((total, row) => total + row.rows, 0);

/**
 * Of the ledger's rows those whose months still have their number of rows: others may have deleted some, and partitions of
 * the sandbox expire. One request a table, and one a month of a table that has another number than the ledger says.
 * @throws WarehouseError
 */
export async function standing(tables: Tables, rows: readonly LedgerRow[]): Promise<readonly LedgerRow[]> {
  const kept: LedgerRow[] = [];
  for (const [name, own] of Map.groupBy(rows, (row) => row.table)) {
    const table = await tables.table(name);
    if (Number(table?.numRows ?? 0) === sum(own)) kept.push(...own);
    else if (table) {
      for (const [month, unit] of Map.groupBy(own, (row) => row.month)) {
        if ((await tables.count(`${name}$${month.replace("-", "")}`)) === sum(unit)) kept.push(...unit);
      }
    }
  }
  return kept;
}
