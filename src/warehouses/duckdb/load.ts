import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../../core/errors.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import { countMonths, deleteLedger, deleteMonths, findDuplicate, insertFiles, insertLedger } from "../duckdb-sql.ts";
import { ledgerRows } from "../ledger.ts";

/** Rows that one transaction may bring: enough to fill row groups, few enough to be rolled back within a moment. */
const BATCH_ROWS = 500_000;

/**
 * Files that one statement may read: DuckDB keeps each one's reader until the statement ends. With fewer, statements
 * become too many; with so many, ten years take hardly more memory than one.
 */
const BATCH_FILES = 250;

export const rowsOf = (unit: LoadUnit): number => unit.objects.reduce((sum, object) => sum + object.rows, 0);

/** Neighbours of one table that go into one transaction. */
export function* batchesOf(units: readonly LoadUnit[]): Generator<readonly LoadUnit[]> {
  let batch: LoadUnit[] = [];
  let rows = 0;
  let files = 0;
  for (const unit of units) {
    const full = rows + rowsOf(unit) > BATCH_ROWS || files + unit.objects.length > BATCH_FILES;
    if (batch.length > 0 && (batch[0]?.table !== unit.table || full)) {
      yield batch;
      batch = [];
      rows = 0;
      files = 0;
    }
    batch.push(unit);
    rows += rowsOf(unit);
    files += unit.objects.length;
  }
  if (batch.length > 0) yield batch;
}

/** Where units go. */
export interface Destination {
  readonly connection: DuckDBConnection;
  readonly schema: string;
  readonly synthetic: boolean;
  readonly now: () => number;
}

/**
 * Replaces the batch's months and their ledger rows; the caller's transaction makes it one step.
 * @throws DataError where the rows are not what the manifests say; what DuckDB throws
 */
export async function replaceMonths(batch: readonly LoadUnit[], to: Destination): Promise<void> {
  const table = batch[0]?.table;
  if (!table) return;
  const { connection, schema } = to;
  const months = batch.map((unit) => unit.month);
  const paths = batch.flatMap((unit) => unit.objects.map((object) => object.path));
  const ledger = batch.flatMap((unit) => ledgerRows(unit, to.now()));
  await connection.run(deleteMonths(schema, table, months));
  await connection.run(deleteLedger(schema, table, months));
  if (paths.length > 0) {
    const inserted = await connection.run(insertFiles(schema, table, paths));
    await checkRows(batch, inserted.rowsChanged, to);
  }
  if (ledger.length > 0) await connection.run(insertLedger(schema, ledger));
}

/** Compares what is in the table now with what the manifests say of it. */
async function checkRows(batch: readonly LoadUnit[], inserted: number, to: Destination): Promise<void> {
  const table = batch[0]?.table;
  if (!table) return;
  const { connection, schema, synthetic } = to;
  const months = batch.map((unit) => unit.month);
  const counted = await (await connection.run(countMonths(schema, table, months, synthetic))).getRowsJS();
  const found = new Map(counted.map(([month, rows, strangers]) => [month, [Number(rows), Number(strangers)] as const]));
  for (const unit of batch) {
    const [rows, strangers] = found.get(unit.month) ?? [0, 0];
    if (strangers > 0) throw strangerRow(`${table.name} ${unit.month}`, strangers, synthetic);
    if (rows !== rowsOf(unit)) throw rowCount(`${table.name} ${unit.month}`, rows, rowsOf(unit));
  }
  const expected = batch.reduce((sum, unit) => sum + rowsOf(unit), 0);
  if (inserted !== expected) throw rowCount(`${table.name} ${months.join(" ")}`, inserted, expected);
  const [twice] = await (await connection.run(findDuplicate(schema, table, months))).getRowsJson();
  if (twice)
    throw new DataError("duplicate-key", `${table.name} would have ${twice.join(" ")} twice.`, "candlelake status");
}

export const strangerRow = (what: string, rows: number, synthetic: boolean): DataError =>
  synthetic
    ? new DataError("real-row", `${what} has ${rows} rows of a venue in a warehouse of made data.`, "candlelake status")
    : new DataError("synthetic-row", `${what} has ${rows} made rows in a warehouse of real data.`, "candlelake status");

export const rowCount = (what: string, rows: number, expected: number): DataError =>
  new DataError("row-count", `${what} has ${rows} rows, and its manifest says ${expected}.`, "candlelake run");
