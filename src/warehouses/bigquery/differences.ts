import type { Layout } from "../bigquery-sql.ts";
import type { Field, TableResource } from "./wire.ts";

/** Types have older names, which the REST interface answers with. */
const STANDARD: Readonly<Record<string, string>> = {
  INTEGER: "INT64",
  FLOAT: "FLOAT64",
  BOOLEAN: "BOOL",
  RECORD: "STRUCT",
};

/** The type as GoogleSQL spells it. */
export function typeOf({ type, mode }: Field): string {
  const name = STANDARD[type] ?? type;
  return mode === "REPEATED" ? `ARRAY<${name}>` : name;
}

/** Tables can be copied, views of all kinds cannot. */
export const isTable = ({ type }: TableResource): boolean => type === undefined || type === "TABLE";

const words = (type: string): string => type.toLowerCase().replaceAll("_", " ");

function columnDifferences({ relation }: Layout, fields: readonly Field[]): string[] {
  const found = new Map(fields.map((field) => [field.name, field]));
  const known = new Set(relation.columns.map((column) => column.name));
  const differences: string[] = [];
  for (const { name, type } of relation.columns) {
    const field = found.get(name);
    if (!field) differences.push(`it has no column ${name}`);
    else if (typeOf(field) !== type) differences.push(`column ${name} is ${typeOf(field)} and should be ${type}`);
    else if (field.mode === "REQUIRED") differences.push(`column ${name} is REQUIRED and should be NULLABLE`);
  }
  const strangers = fields.map((field) => field.name).filter((name) => !known.has(name));
  if (strangers.length > 0) differences.push(`it has columns of its own: ${strangers.join(", ")}`);
  if (differences.length > 0) return differences;
  const misplaced = relation.columns.find(({ name }, index) => fields[index]?.name !== name);
  return misplaced ? [`column ${misplaced.name} is not where it should be`] : [];
}

function partitionText({ timePartitioning, rangePartitioning }: TableResource): string {
  if (rangePartitioning) return "partitioned by a range of numbers";
  if (!timePartitioning) return "not partitioned";
  return `partitioned by ${words(timePartitioning.type ?? "DAY")} of ${timePartitioning.field ?? "its ingestion"}`;
}

const clusterText = (fields: readonly string[]): string =>
  fields.length === 0 ? "not clustered" : `clustered by ${fields.join(", ")}`;

/** In what a table is not what it should be; empty where it is. */
export function differencesOf(layout: Layout, table: TableResource): readonly string[] {
  if (!isTable(table)) return [`it is a ${words(table.type ?? "")}`];
  const differences = columnDifferences(layout, table.schema?.fields ?? []);
  const partition = partitionText(table);
  const wanted = `partitioned by month of ${layout.partitionBy}`;
  if (partition !== wanted) differences.push(`it is ${partition} and should be ${wanted}`);
  const [cluster, clusterWanted] = [clusterText(table.clustering?.fields ?? []), clusterText(layout.clusterBy)];
  if (cluster !== clusterWanted) differences.push(`it is ${cluster} and should be ${clusterWanted}`);
  return differences;
}
