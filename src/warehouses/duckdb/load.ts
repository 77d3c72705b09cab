import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../../core/errors.ts";
import type { LoadUnit } from "../../ports.ts";
import { countMonths, deleteLedger, deleteMonths, findDuplicate, insertFiles, insertLedger } from "../duckdb-sql.ts";
import { ledgerRows } from "../ledger.ts";

/** Rows that one transaction may bring: enough to fill row groups, few enough to be rolled back within a moment. */
const BATCH_ROWS = 500_000;

export const rowsOf = (unit: LoadUnit): number => unit.objects.reduce((sum, object) => sum + object.rows, 0);

/** Neighbours of one table that go into one transaction together. */
export function* batchesOf(units: readonly LoadUnit[]): Generator<readonly LoadUnit[]> {
  let batch: LoadUnit[] = [];
  let rows = 0;
  for (const unit of units) {
    if (batch.length > 0 && (batch[0]?.table !== unit.table || rows + rowsOf(unit) > BATCH_ROWS)) {
      yield batch;
      batch = [];
      rows = 0;
    }
    batch.push(unit);
    rows += rowsOf(unit);
  }
  if (batch.length > 0) yield batch;
}

export interface LoadOptions {
  readonly schema: string;
  readonly synthetic: boolean;
  readonly now: () => number;
}

/** Replaces the batch's months and their ledger rows within one transaction. @throws DataError, what DuckDB throws */
export async function loadBatch(
  connection: DuckDBConnection,
  batch: readonly LoadUnit[],
  { schema, synthetic, now }: LoadOptions,
): Promise<void> {
  const [first] = batch;
  if (!first) return;
  const { table } = first;
  const months = batch.map((unit) => unit.month);
  const paths = batch.flatMap((unit) => unit.objects.map((object) => object.path));
  const ledger = batch.flatMap((unit) => ledgerRows(unit, now()));
  await connection.run(deleteMonths(schema, table, months));
  await connection.run(deleteLedger(schema, table, months));
  if (paths.length > 0) {
    await connection.run(insertFiles(schema, table, paths));
    const counts = new Map(
      (await (await connection.run(countMonths(schema, table, months, synthetic))).getRowsJS()).map((row) => [
        row[0],
        { rows: Number(row[1]), strangers: Number(row[2]) },
      ]),
    );
    for (const unit of batch) {
      const found = counts.get(unit.month) ?? { rows: 0, strangers: 0 };
      if (found.strangers > 0) {
        throw new DataError(
          "synthetic-row",
          `${table.name} ${unit.month} has ${found.strangers} rows of the other world.`,
          "candlelake audit",
        );
      }
      if (found.rows !== rowsOf(unit)) {
        throw new DataError(
          "row-count",
          `${table.name} ${unit.month} has ${found.rows} rows, and its manifests say ${rowsOf(unit)}.`,
          "candlelake run",
        );
      }
    }
    const duplicate = (await (await connection.run(findDuplicate(schema, table, months))).getRowsJson())[0];
    if (duplicate) {
      throw new DataError("duplicate-key", `${table.name} has ${duplicate.join(" ")} twice.`, "candlelake audit");
    }
  }
  if (ledger.length > 0) await connection.run(insertLedger(schema, ledger));
}
