import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../../core/errors.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import { examineFile } from "../duckdb-sql.ts";
import { findUnreadable } from "./culprit.ts";
import { rowCount, strangerRow } from "./load.ts";
import { MEMORY_LIMIT, openSession, temporarySpill } from "./session.ts";

/**
 * Why a unit could not be loaded, down to the object; undefined where its objects are as they should be. In a database
 * of its own: the one that failed may fail at anything now.
 */
export async function diagnose(unit: LoadUnit, synthetic: boolean): Promise<DataError | undefined> {
  const spill = temporarySpill();
  const session = await openSession({ file: ":memory:", readOnly: false, memoryLimit: MEMORY_LIMIT, spill });
  try {
    return (await unreadable(unit, session.connection)) ?? (await strange(unit, session.connection, synthetic));
  } finally {
    await session.close();
  }
}

async function unreadable({ table, objects }: LoadUnit, connection: DuckDBConnection): Promise<DataError | undefined> {
  const paths = objects.map((object) => object.path);
  const culprit = await findUnreadable(connection, table, paths);
  if (!culprit) return undefined;
  const key = objects.find((object) => object.path === culprit.path)?.key ?? culprit.path;
  return new DataError("corrupt-object", `${key} cannot be read: ${culprit.reason}`, "candlelake run");
}

async function strange(
  { table, month, objects }: LoadUnit,
  connection: DuckDBConnection,
  synthetic: boolean,
): Promise<DataError | undefined> {
  for (const { path, key, rows: expected } of objects) {
    const examined = await connection.run(examineFile(table, path, month, synthetic));
    const [rows = 0, strangers = 0, outside = 0] = (await examined.getRowsJS())[0]?.map(Number) ?? [];
    if (strangers > 0) return strangerRow(key, strangers, synthetic);
    if (outside > 0) {
      return new DataError("outside-month", `${key} has ${outside} rows outside ${month}.`, "candlelake run");
    }
    if (rows !== expected) return rowCount(key, rows, expected);
  }
  return undefined;
}
