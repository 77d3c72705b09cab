import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "../../core/table.ts";
import { readAll } from "../duckdb-sql.ts";
import { firstLine } from "./session.ts";

export interface Culprit {
  readonly path: string;
  /** What DuckDB says of it. */
  readonly reason: string;
}

/** The first of these files that cannot be read as rows of the table. Halves, so that one bad file of many is found soon. */
export async function findUnreadable(
  connection: DuckDBConnection,
  table: Table,
  paths: readonly string[],
): Promise<Culprit | undefined> {
  const [path] = paths;
  if (path === undefined) return undefined;
  try {
    await connection.run(readAll(table, paths));
    return undefined;
  } catch (error) {
    if (paths.length === 1) return { path, reason: firstLine(error) };
  }
  const middle = paths.length >> 1;
  const first = await findUnreadable(connection, table, paths.slice(0, middle));
  return first ?? findUnreadable(connection, table, paths.slice(middle));
}
