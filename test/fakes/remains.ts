import * as path from "node:path";
import { DuckDbWarehouse } from "../../src/warehouses/duckdb.ts";
import { tree } from "./folder.ts";

const inOrder = (columns: string, table: string): string =>
  `(SELECT list(row) FROM (SELECT ${columns} FROM ${table} ORDER BY ALL) row) AS ${table}`;

/** One row of lists: opening a database is what takes the time. */
const EVERYTHING = `SELECT ${[
  ...["spot_klines", "futures_metrics", "funding_rates", "open_interest"].map((table) => inOrder("*", table)),
  inOrder("* EXCLUDE (loaded_at, job_id)", "load_ledger"),
].join(", ")}`;

/**
 * Everything that a run leaves: the lake's files to the byte, the warehouse's rows and its ledger but for when and by
 * which job it was loaded. The warehouse's own bytes are left out; any other file, hidden ones too, is part of it.
 */
export async function remainsOf(data: string, synthetic = false): Promise<Record<string, unknown>> {
  const name = synthetic ? "candlelake_synthetic.duckdb" : "candlelake.duckdb";
  const files = tree(data);
  files.delete(name);
  const texts = [...files].map(([key, bytes]) => [key, key.endsWith(".json") ? bytes.toString() : bytes] as const);
  const warehouse = new DuckDbWarehouse({ file: path.join(data, name), synthetic });
  try {
    const { columns, batches } = await warehouse.query(EVERYTHING);
    const [lists] = (await batches[Symbol.asyncIterator]().next()).value ?? [];
    return {
      files: Object.fromEntries(texts),
      tables: Object.fromEntries(columns.map((column, i) => [column.name, lists?.[i]])),
    };
  } finally {
    await warehouse.close();
  }
}
