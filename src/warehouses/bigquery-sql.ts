import type { ColumnSpec, TableName } from "../core/table.ts";
import { TABLES } from "../market/tables.ts";
import type { Datasets } from "./dataset.ts";
import { LEDGER, type Relation } from "./ledger.ts";

/** A table as BigQuery lays it out. */
export interface Layout {
  readonly relation: Relation;
  /** The column whose UTC month is the partition. */
  readonly partitionBy: string;
  readonly clusterBy: readonly string[];
}

/** What the raw dataset holds. */
export const LAYOUTS: readonly Layout[] = [
  ...TABLES.filter((table) => table.loaded).map((table) => ({
    relation: table,
    partitionBy: table.eventTime,
    clusterBy: table.cluster,
  })),
  { relation: LEDGER, partitionBy: "loaded_at", clusterBy: [] },
];

/** @throws RangeError where no warehouse holds the table */
export function layoutOf(name: string): Layout {
  const layout = LAYOUTS.find(({ relation }) => relation.name === name);
  if (!layout) throw new RangeError(`${name} is in no warehouse`);
  return layout;
}

/** Where tables are made. */
export interface Home {
  /** undefined for the project that the statements will be run in. */
  readonly project: string | undefined;
  readonly datasets: Datasets;
  readonly location: string;
}

/** Where a warehouse is. */
export interface Place extends Home {
  readonly project: string;
  /** As it is asked for: the real world's raw one. */
  readonly dataset: string;
}

/** What datasets and tables of ours carry, so that nobody's of the same shape is taken for one. */
export const LABEL = { key: "app", value: "candlelake" };

export const RAW_DESCRIPTION = "Market data as candlelake loaded them from the lake: candles, funding, open interest.";
export const CURATED_DESCRIPTION = "Tables that were derived within the warehouse.";

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r" };

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences */
export const literal = (text: string): string => `'${text.replace(/[\\'\n\r]/g, (sign) => ESCAPES[sign] as string)}'`;

/** Always quoted: `interval` and more of our names are reserved words. */
export const identifier = (name: string): string => `\`${name}\``;

export const describeColumn = ({ doc, unit }: ColumnSpec): string => (unit === "" ? doc : `${doc} Unit: ${unit}.`);

const path = (...parts: readonly (string | undefined)[]): string =>
  identifier(parts.filter((part) => part !== undefined).join("."));

const labels = `labels = [(${literal(LABEL.key)}, ${literal(LABEL.value)})]`;

export const createSchema = ({ project, location }: Home, dataset: string, description: string): string =>
  `CREATE SCHEMA IF NOT EXISTS ${path(project, dataset)}\n` +
  `OPTIONS (location = ${literal(location)}, description = ${literal(description)}, ${labels});`;

export function createTable({ project, datasets }: Home, { relation, partitionBy, clusterBy }: Layout): string {
  const columns = relation.columns.map(
    (column) =>
      `  ${identifier(column.name)} ${column.type} OPTIONS (description = ${literal(describeColumn(column))})`,
  );
  const lines = [
    `CREATE TABLE IF NOT EXISTS ${path(project, datasets.raw, relation.name)} (`,
    `${columns.join(",\n")}\n)`,
    `PARTITION BY TIMESTAMP_TRUNC(${identifier(partitionBy)}, MONTH)`,
    ...(clusterBy.length > 0 ? [`CLUSTER BY ${clusterBy.map(identifier).join(", ")}`] : []),
    `OPTIONS (description = ${literal(relation.doc)}, ${labels});`,
  ];
  return lines.join("\n");
}

/** Lets partitions of a table stay; the sandbox refuses that, and says where billing is enabled. */
export const keepPartitions = ({ project, datasets }: Home, name: TableName): string =>
  `ALTER TABLE ${path(project, datasets.raw, name)} SET OPTIONS (partition_expiration_days = NULL)`;

/**
 * Everything that `setup` creates in an empty project; of the named tables alone where some are named.
 * @param description of the datasets; undefined for our own words
 */
export function createAll(home: Home, names?: readonly TableName[], description?: string): string {
  const layouts = names ? LAYOUTS.filter(({ relation }) => names.some((name) => name === relation.name)) : LAYOUTS;
  if (layouts.length === 0) return "";
  const { raw, curated } = home.datasets;
  const schemas = [createSchema(home, raw, description ?? RAW_DESCRIPTION)];
  if (!names) schemas.push(createSchema(home, curated, description ?? CURATED_DESCRIPTION));
  return `${[...schemas, ...layouts.map((layout) => createTable(home, layout))].join("\n\n")}\n`;
}
