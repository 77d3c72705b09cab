import type { Catalog, StoredTable } from "./catalog.ts";
import { type Duck, identifier, literal } from "./duck.ts";
import { Failure } from "./failure.ts";
import { partitionSummaries } from "./partition-times.ts";

type Row = readonly (string | number | null)[];

/** GoogleSQL's names of types. */
const SQL_TYPES: Readonly<Record<string, string>> = { INTEGER: "INT64", FLOAT: "FLOAT64", BOOLEAN: "BOOL" };

const TABLES = ["table_catalog", "table_schema", "table_name", "table_type", "creation_time"];
const COLUMNS = [
  "table_catalog",
  "table_schema",
  "table_name",
  "column_name",
  "ordinal_position",
  "is_nullable",
  "data_type",
  "is_partitioning_column",
  "clustering_ordinal_position",
];
const PARTITIONS = ["table_catalog", "table_schema", "table_name", "partition_id", "total_rows", "last_modified_time"];

const moment = (time: number): string => new Date(time).toISOString();
const nameOf = ({ name }: StoredTable): string[] => [name.project, name.dataset, name.table];

/** One of a dataset's INFORMATION_SCHEMA views as a subquery. @throws Failure */
export async function informationSchema(
  { catalog, duck }: { readonly catalog: Catalog; readonly duck: Duck },
  [project, dataset]: readonly [project: string, dataset: string],
  view: string,
): Promise<string> {
  const tables = [...catalog.dataset(project, dataset).tables.values()];
  switch (view.toUpperCase()) {
    case "TABLES":
      return subquery(TABLES, tables.map(tableRow), ["creation_time"]);
    case "COLUMNS":
      return subquery(COLUMNS, tables.flatMap(columnRows), []);
    case "PARTITIONS":
      return subquery(PARTITIONS, (await Promise.all(tables.map((table) => partitionRows(duck, table)))).flat(), [
        "last_modified_time",
      ]);
    default:
      throw new Failure("invalidQuery", `INFORMATION_SCHEMA.${view} is not served by this stand-in`);
  }
}

const tableRow = (table: StoredTable): Row => [
  ...nameOf(table),
  table.view === undefined ? "BASE TABLE" : "VIEW",
  moment(table.created),
];

function columnRows(table: StoredTable): Row[] {
  return table.fields.map(({ name, type, mode }, index) => {
    const cluster = table.clustering.indexOf(name);
    return [
      ...nameOf(table),
      name,
      index + 1,
      mode === "REQUIRED" ? "NO" : "YES",
      SQL_TYPES[type] ?? type,
      table.partitioning?.field === name ? "YES" : "NO",
      cluster < 0 ? null : cluster + 1,
    ];
  });
}

async function partitionRows(duck: Duck, table: StoredTable): Promise<Row[]> {
  if (table.view !== undefined) return [];
  if (table.partitioning === undefined) return [[...nameOf(table), null, table.rowCount, moment(table.modified)]];
  const partitions = await partitionSummaries(duck, table);
  return partitions.map(({ id, rows, modified }) => [...nameOf(table), id, rows, moment(modified)]);
}

function subquery(names: readonly string[], rows: readonly Row[], times: readonly string[]): string {
  const texts = rows.map((row) => `(${row.map(spelled).join(", ")})`);
  const columns = names.map((name) => {
    const column = identifier(name);
    return times.includes(name) ? `CAST(${column} AS TIMESTAMPTZ) AS ${column}` : column;
  });
  const values = texts.length > 0 ? texts.join(", ") : `(${names.map(() => "NULL").join(", ")})`;
  const from = `(VALUES ${values}) AS v(${names.map(identifier).join(", ")})`;
  return `(SELECT ${columns.join(", ")} FROM ${from} WHERE ${texts.length > 0})`;
}

const spelled = (cell: string | number | null): string =>
  cell === null ? "NULL" : typeof cell === "number" ? `${cell}::BIGINT` : literal(cell);
