import type { ColumnSpec, ColumnType, Table } from "../core/table.ts";
import { iso, type Month, monthRange, type TimeRange } from "../core/time.ts";
import { TABLES } from "../market/tables.ts";
import type { LedgerRow } from "../ports.ts";
import type { Datasets } from "./dataset.ts";
import { LEDGER, type Relation } from "./ledger.ts";

/** Naive and always UTC: a literal in a notebook then means UTC whatever the session's time zone is. */
export const DUCKDB_TYPE: Readonly<Record<ColumnType, string>> = {
  TIMESTAMP: "TIMESTAMP",
  FLOAT64: "DOUBLE",
  INT64: "BIGINT",
  STRING: "VARCHAR",
};

/** What a warehouse's raw schema holds. */
export const RELATIONS: readonly Relation[] = [...TABLES.filter((table) => table.loaded), LEDGER];

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const qualified = (schema: string, name: string): string => `${identifier(schema)}.${identifier(name)}`;
const list = (names: readonly string[]): string => names.map(identifier).join(", ");

/** `2025-01-01T00:00:00.000Z` as a naive timestamp. */
export const timestamp = (time: number): string => `TIMESTAMP ${literal(iso(time).replace("T", " ").replace("Z", ""))}`;

export const createSchema = (name: string): string => `CREATE SCHEMA IF NOT EXISTS ${identifier(name)};`;

const columnComment = (table: string, { name, unit, doc }: ColumnSpec): string =>
  `COMMENT ON COLUMN ${table}.${identifier(name)} IS ${literal(unit === "" ? doc : `${doc} Unit: ${unit}.`)};`;

/** A table with its comments, one statement a line. */
export function createTable(schema: string, relation: Relation): string {
  const table = qualified(schema, relation.name);
  const columns = relation.columns.map(({ name, type }) => `  ${identifier(name)} ${DUCKDB_TYPE[type]}`);
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (\n${columns.join(",\n")}\n);`,
    `COMMENT ON TABLE ${table} IS ${literal(relation.doc)};`,
    ...relation.columns.map((column) => columnComment(table, column)),
  ].join("\n");
}

/** Everything that `setup` creates in an empty database. */
export function createAll({ raw, curated }: Datasets): string {
  const tables = RELATIONS.map((relation) => createTable(raw, relation));
  return `${[createSchema(raw), createSchema(curated), ...tables].join("\n\n")}\n`;
}

/** A list of files for `read_parquet`, which takes every path for a pattern: its special characters are put in brackets. */
export const pathList = (paths: readonly string[]): string =>
  `[${paths.map((path) => literal(path.replace(/[*?[]/g, "[$&]"))).join(", ")}]`;

/** Rows of the lake's files, typed as the warehouse types them, in file order. */
export const selectFiles = (table: Table, paths: readonly string[]): string => {
  const columns = table.columns.map(({ name, type }) => {
    const column = identifier(name);
    return `CAST(${column} AS ${DUCKDB_TYPE[type]}) AS ${column}`;
  });
  const files = `read_parquet(${pathList(paths)}, hive_partitioning = false, union_by_name = false)`;
  return `SELECT ${columns.join(", ")} FROM ${files}`;
};

/** The stretches of time that months cover; months that touch become one. */
function spans(months: readonly Month[]): TimeRange[] {
  const joined: TimeRange[] = [];
  for (const { from, to } of [...months].sort().map(monthRange)) {
    const last = joined.at(-1);
    if (last?.to === from) joined[joined.length - 1] = { from: last.from, to };
    else joined.push({ from, to });
  }
  return joined;
}

export function inMonths(table: Table, months: readonly Month[]): string {
  const column = identifier(table.eventTime);
  const within = ({ from, to }: TimeRange): string =>
    `(${column} >= ${timestamp(from)} AND ${column} < ${timestamp(to)})`;
  return spans(months).map(within).join(" OR ");
}

/** Which of the schemas there are. */
export const selectSchemas = (names: readonly string[]): string =>
  "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database() " +
  `AND schema_name IN (${names.map(literal).join(", ")});`;

/** A row a column of a schema's tables and views: table, its comment, column, type. */
export const selectColumns = (schema: string): string =>
  "SELECT c.table_name, t.comment, c.column_name, c.data_type FROM duckdb_columns() c " +
  "LEFT JOIN duckdb_tables() t USING (database_name, schema_name, table_name) " +
  `WHERE c.database_name = current_database() AND c.schema_name = ${literal(schema)} ` +
  "ORDER BY c.table_name, c.column_index;";

export const deleteMonths = (schema: string, table: Table, months: readonly Month[]): string =>
  `DELETE FROM ${qualified(schema, table.name)} WHERE ${inMonths(table, months)};`;

export function insertFiles(schema: string, table: Table, paths: readonly string[]): string {
  const names = list(table.columns.map((column) => column.name));
  return `INSERT INTO ${qualified(schema, table.name)} (${names}) ${selectFiles(table, paths)} ORDER BY ${list(table.key)};`;
}

/** True for a row of the other world; `synthetic` tells which one this is. */
export const stranger = (synthetic: boolean): string =>
  synthetic
    ? `"venue" IS DISTINCT FROM 'synthetic'`
    : `("venue" IS NOT DISTINCT FROM 'synthetic' OR "source" IS NOT DISTINCT FROM 'synthetic')`;

/** A row a month: month, rows, rows of the other world. */
export const countMonths = (schema: string, table: Table, months: readonly Month[], synthetic: boolean): string =>
  `SELECT strftime(${identifier(table.eventTime)}, '%Y-%m') AS month, count(*) AS row_count, ` +
  `count(*) FILTER (WHERE ${stranger(synthetic)}) AS strangers FROM ${qualified(schema, table.name)} ` +
  `WHERE ${inMonths(table, months)} GROUP BY ALL;`;

/** One row: rows, rows of the other world, rows outside the month. */
export const examineFile = (table: Table, path: string, month: Month, synthetic: boolean): string =>
  `SELECT count(*), count(*) FILTER (WHERE ${stranger(synthetic)}), ` +
  `count(*) FILTER (WHERE NOT coalesce(${inMonths(table, [month])}, false)) FROM (${selectFiles(table, [path])});`;

/** Reads every value of the files. */
export const readAll = (table: Table, paths: readonly string[]): string =>
  `SELECT max(COLUMNS(*)) FROM (${selectFiles(table, paths)});`;

/** A row where a key appears twice in these months, none otherwise. */
export const findDuplicate = (schema: string, table: Table, months: readonly Month[]): string =>
  `SELECT ${list(table.key)} FROM ${qualified(schema, table.name)} WHERE ${inMonths(table, months)} ` +
  "GROUP BY ALL HAVING count(*) > 1 LIMIT 1;";

export const deleteLedger = (schema: string, table: Table, months: readonly Month[]): string =>
  `DELETE FROM ${qualified(schema, LEDGER.name)} WHERE "table_name" = ${literal(table.name)} ` +
  `AND "month" IN (${months.map(literal).join(", ")});`;

export function insertLedger(schema: string, rows: readonly LedgerRow[]): string {
  const values = rows.map(({ table, month, series, content, rows: count, jobId, loadedAt }) => {
    const texts = [table, month, series, content].map(literal).join(", ");
    return `(${texts}, ${count}, ${literal(jobId)}, ${timestamp(loadedAt)})`;
  });
  const names = list(LEDGER.columns.map((column) => column.name));
  return `INSERT INTO ${qualified(schema, LEDGER.name)} (${names}) VALUES\n${values.join(",\n")};`;
}

/** Both schemas answer to bare table names. */
export const setSearchPath = (schemas: readonly string[]): string =>
  `SET search_path = ${literal(schemas.map(identifier).join(","))};`;

export const selectLedger = (schema: string): string =>
  `SELECT "table_name", "month", "series", "content", "row_count", "job_id", epoch_ms("loaded_at") ` +
  `FROM ${qualified(schema, LEDGER.name)} ORDER BY ALL;`;
