import type { ColumnSpec, ColumnType, Table } from "../core/table.ts";
import { iso, type Month, monthRange, type TimeRange } from "../core/time.ts";
import { TABLES } from "../market/tables.ts";
import type { ExportFormat, LedgerRow } from "../ports/warehouse.ts";
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

/** The same of the named tables alone; those that no warehouse holds have none. */
export function createTables({ raw }: Datasets, names: readonly string[]): string {
  const tables = RELATIONS.filter((relation) => names.includes(relation.name));
  if (tables.length === 0) return "";
  return `${[createSchema(raw), ...tables.map((relation) => createTable(raw, relation))].join("\n\n")}\n`;
}

const texts = (words: readonly string[]): string => words.map(literal).join(", ");

/** A path as a pattern that stands for itself alone: `read_parquet` takes every path for a pattern. */
const pattern = (path: string): string => path.replace(/[*?[]/g, "[$&]");

/** Lets a session without access to files read these; DuckDB asks for the pattern and for what it stands for. */
export const allowPaths = (paths: readonly string[]): string =>
  `SET allowed_paths = [${texts([...new Set(paths.flatMap((path) => [path, pattern(path)]))])}];`;

/** Rows of the lake's files, typed as the warehouse types them, in file order. */
export function selectFiles(table: Table, paths: readonly string[]): string {
  const columns = table.columns.map(({ name, type }) => {
    const column = identifier(name);
    return `CAST(${paths.length > 0 ? column : "NULL"} AS ${DUCKDB_TYPE[type]}) AS ${column}`;
  });
  const files = `read_parquet([${texts(paths.map(pattern))}], hive_partitioning = false, union_by_name = false)`;
  return `SELECT ${columns.join(", ")} ${paths.length > 0 ? `FROM ${files}` : "WHERE false"}`;
}

/** The table's name for rows that stay in the lake's files. */
export const createView = (schema: string, table: Table, paths: readonly string[]): string =>
  `CREATE VIEW ${qualified(schema, table.name)} AS ${selectFiles(table, paths)};`;

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

function within(name: string, { from, to }: TimeRange): string {
  const column = identifier(name);
  return `(${column} >= ${timestamp(from)} AND ${column} < ${timestamp(to)})`;
}

export function inMonths(table: Table, months: readonly Month[]): string {
  return spans(months)
    .map((span) => within(table.eventTime, span))
    .join(" OR ");
}

/** Which of the schemas there are. */
export const selectSchemas = (names: readonly string[]): string =>
  "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database() " +
  `AND schema_name IN (${texts(names)});`;

/** A row a column of a schema's tables and views: table, its comment, column, type. */
export const selectColumns = (schema: string): string =>
  "SELECT c.table_name, t.comment, c.column_name, c.data_type, t.table_oid IS NULL FROM duckdb_columns() c " +
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

export const countAll = (schema: string, name: string): string => `SELECT count(*) FROM ${qualified(schema, name)};`;

/** A row a month: month, rows. */
export const countEachMonth = (schema: string, table: Table): string =>
  `SELECT strftime(${identifier(table.eventTime)}, '%Y-%m') AS month, count(*) FROM ${qualified(schema, table.name)} ` +
  "GROUP BY ALL;";

/** One row: rows, rows of the other world, rows outside the month. */
export const examineFile = (table: Table, path: string, month: Month, synthetic: boolean): string =>
  `SELECT count(*), count(*) FILTER (WHERE ${stranger(synthetic)}), ` +
  `count(*) FILTER (WHERE NOT coalesce(${inMonths(table, [month])}, false)) FROM (${selectFiles(table, [path])});`;

/** Reads every value of the files. */
export const readAll = (table: Table, paths: readonly string[]): string =>
  `SELECT max(COLUMNS(*)) FROM (${selectFiles(table, paths)});`;

/** Reads every value of a table. */
export const readTable = (schema: string, name: string): string =>
  `SELECT max(COLUMNS(*)) FROM ${qualified(schema, name)};`;

/** A row where a key appears twice in these months, none otherwise. */
export const findDuplicate = (schema: string, table: Table, months: readonly Month[]): string =>
  `SELECT ${list(table.key)} FROM ${qualified(schema, table.name)} WHERE ${inMonths(table, months)} ` +
  "GROUP BY ALL HAVING count(*) > 1 LIMIT 1;";

export const deleteLedger = (schema: string, table: Table, months: readonly Month[]): string =>
  `DELETE FROM ${qualified(schema, LEDGER.name)} WHERE "table_name" = ${literal(table.name)} ` +
  `AND "month" IN (${texts(months)});`;

export function insertLedger(schema: string, rows: readonly LedgerRow[]): string {
  const values = rows.map(({ table, month, series, content, rows: count, jobId, loadedAt }) => {
    return `(${texts([table, month, series, content])}, ${count}, ${literal(jobId)}, ${timestamp(loadedAt)})`;
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

/** How a column leaves the lake: as the lake's files have it, as text of ISO 8601 times, or as numbers. */
const EXPORTED: Readonly<Record<ExportFormat, (column: string, type: ColumnType) => string>> = {
  parquet: (column, type) => (type === "TIMESTAMP" ? `CAST(${column} AS TIMESTAMPTZ)` : column),
  csv: (column, type) => (type === "TIMESTAMP" ? isoText(column) : column),
  arrow: (column, type) =>
    type === "TIMESTAMP"
      ? `CAST(epoch_us(${column}) AS DOUBLE)`
      : type === "INT64"
        ? `CAST(${column} AS DOUBLE)`
        : column,
};

/** Three digits of fraction, six where microseconds are not zero. */
function isoText(column: string): string {
  const text = (fraction: string): string => `strftime(${column}, '%Y-%m-%dT%H:%M:%S.${fraction}Z')`;
  return `CASE WHEN microsecond(${column}) % 1000 = 0 THEN ${text("%g")} ELSE ${text("%f")} END`;
}

/** Rows of a range of event times in key order, as the format wants them. */
export function selectExport(
  table: Table,
  paths: readonly string[],
  range: TimeRange | undefined,
  format: ExportFormat,
): string {
  // Qualified, so that the order is that of the files' columns and not of the texts made of them.
  const columns = table.columns.map(({ name, type }) => {
    const column = qualified("lake", name);
    return `${EXPORTED[format](column, type)} AS ${identifier(name)}`;
  });
  const where = range ? ` WHERE ${within(table.eventTime, range)}` : "";
  const key = table.key.map((name) => qualified("lake", name));
  return `SELECT ${columns.join(", ")} FROM (${selectFiles(table, paths)}) AS lake${where} ORDER BY ${key.join(", ")}`;
}

const COPY_OPTIONS: Readonly<Record<"parquet" | "csv", string>> = {
  parquet: "FORMAT parquet, COMPRESSION zstd",
  csv: "FORMAT csv, HEADER true",
};

export const copyTo = (select: string, file: string, format: "parquet" | "csv"): string =>
  `COPY (${select}) TO ${literal(file)} (${COPY_OPTIONS[format]}, USE_TMP_FILE false);`;
