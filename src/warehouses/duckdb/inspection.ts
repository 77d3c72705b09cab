import type { DuckDBConnection } from "@duckdb/node-api";
import type { SetupReport } from "../../ports/warehouse.ts";
import type { Datasets } from "../dataset.ts";
import { createSchema, createTable, DUCKDB_TYPE, RELATIONS, selectColumns, selectSchemas } from "../duckdb-sql.ts";
import type { Relation } from "../ledger.ts";

interface Found {
  readonly comment: string;
  readonly isView: boolean;
  /** Types by column. */
  readonly columns: Map<string, string>;
}

/** What a database has of what a warehouse consists of. */
export interface Inspection {
  readonly schemas: ReadonlySet<string>;
  readonly tables: ReadonlyMap<string, Found>;
}

/** What an empty database has. */
export const NOTHING: Inspection = { schemas: new Set(), tables: new Map() };

export async function inspect(connection: DuckDBConnection, { raw, curated }: Datasets): Promise<Inspection> {
  const schemas = await (await connection.run(selectSchemas([raw, curated]))).getRowsJS();
  const tables = new Map<string, Found>();
  for (const row of await (await connection.run(selectColumns(raw))).getRowsJS()) {
    const [table = "", comment = "", column = "", type = "", isView] = row.map((value) => String(value ?? ""));
    const found = tables.get(table) ?? { comment, isView: isView === "true", columns: new Map<string, string>() };
    found.columns.set(column, type);
    tables.set(table, found);
  }
  return { schemas: new Set(schemas.map(([name]) => String(name))), tables };
}

/** In what a table is not what it should be; undefined where it is. */
function difference(relation: Relation, { columns, isView }: Found): string | undefined {
  if (isView) return "it is a view";
  for (const { name, type } of relation.columns) {
    const found = columns.get(name);
    if (found === undefined) return `it has no column ${name}`;
    if (found !== DUCKDB_TYPE[type]) return `column ${name} is ${found} and should be ${DUCKDB_TYPE[type]}`;
  }
  const known = new Set(relation.columns.map((column) => column.name));
  const stranger = [...columns.keys()].find((name) => !known.has(name));
  return stranger === undefined ? undefined : `it has a column ${stranger} of its own`;
}

/** What setup says of a database, and the statements that make what it lacks. */
export interface Comparison {
  readonly report: SetupReport;
  readonly missing: readonly string[];
}

export function compare(found: Inspection, { raw, curated }: Datasets, next: string): Comparison {
  const created: string[] = [];
  const exists: string[] = [];
  const differs: SetupReport["differs"][number][] = [];
  const missing: string[] = [];
  for (const schema of [raw, curated]) {
    if (found.schemas.has(schema)) exists.push(schema);
    else {
      created.push(schema);
      missing.push(createSchema(schema));
    }
  }
  for (const relation of RELATIONS) {
    const table = `${raw}.${relation.name}`;
    const there = found.tables.get(relation.name);
    const how = there && difference(relation, there);
    if (how) differs.push({ table, difference: how, next });
    else if (there) exists.push(table);
    else {
      created.push(table);
      missing.push(createTable(raw, relation));
    }
  }
  return { report: { created, exists, differs, failed: [] }, missing };
}
