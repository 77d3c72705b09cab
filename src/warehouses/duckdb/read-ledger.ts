import type { DuckDBConnection } from "@duckdb/node-api";
import { TABLE } from "../../market/tables.ts";
import type { LedgerRow } from "../../ports/warehouse.ts";
import { selectLedger } from "../duckdb-sql.ts";

export async function readLedger(connection: DuckDBConnection, schema: string): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (const row of await (await connection.run(selectLedger(schema))).getRowsJS()) {
    const [name, month = "", series = "", content = "", count, jobId = "", loadedAt] = row.map(String);
    const table = Object.values(TABLE).find((known) => known.name === name)?.name;
    // A table that this program does not load is none of its concern.
    if (table) rows.push({ table, month, series, content, rows: Number(count), jobId, loadedAt: Number(loadedAt) });
  }
  return rows;
}
