import { label, type StoredTable, type TableName } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { etagOf, patched } from "./datasets.ts";
import { identifier } from "./duck.ts";
import { unserved } from "./failure.ts";
import { flagOf, type Json, objectOf, textOf } from "./json.ts";
import { createTable, createView, dropTable } from "./new-table.ts";
import { nextToken, windowOf } from "./pages.ts";
import { NULL_PARTITION, partitionNamed, SUMMARY, splitDecorator } from "./partition.ts";
import { partitionList } from "./partition-list.ts";
import { timesOf } from "./partition-times.ts";
import { measure, settle, within } from "./placement.ts";
import { fieldsOf } from "./schema.ts";
import { viewFields } from "./statement.ts";

/** Properties that mean nothing more than what they say. */
export const PATCHABLE = ["description", "friendlyName", "labels", "expirationTime"];
const MOST = 1_000;

const referenceOf = ({ project, dataset, table }: TableName) => ({
  projectId: project,
  datasetId: dataset,
  tableId: table,
});

const named = (name: TableName): Json => ({ id: label(name), tableReference: referenceOf(name) });

/** What says how a table is cut. */
function layoutOf({ partitioning, clustering }: StoredTable): Json {
  const { type, field, expirationMs } = partitioning ?? {};
  const expiration = expirationMs === undefined ? {} : { expirationMs: String(expirationMs) };
  return {
    ...(partitioning ? { timePartitioning: { type, field, ...expiration } } : {}),
    ...(clustering.length > 0 ? { clustering: { fields: clustering } } : {}),
  };
}

function summary(table: StoredTable): Json {
  return {
    kind: "bigquery#table",
    ...named(table.name),
    type: table.view === undefined ? "TABLE" : "VIEW",
    creationTime: String(table.created),
    ...layoutOf(table),
    ...(table.view === undefined ? {} : { view: { useLegacySql: false } }),
    ...table.details,
  };
}

/** `tables.get`; of a partition with its rows and bytes. @throws Failure */
export async function getTable(context: Context, request: Request): Promise<Json> {
  const table = tableOf(context, request);
  const { decorator } = splitDecorator(request.path["table"] ?? "");
  if (decorator === undefined) return tableResource(context, table, request.base);
  const name = { ...table.name, table: `${table.name.table}$${decorator}` };
  if (decorator === SUMMARY) {
    const { fields, rows } = await partitionList(context.duck, table);
    return { ...tableResource(context, { ...table, fields, rowCount: rows.length }, request.base), ...named(name) };
  }
  const range = partitionRange(table, request.path["table"] ?? "");
  const { count, bytes } = await measure(context.duck, `(FROM ${table.rows} WHERE ${range})`, table.fields);
  const times = timesOf(table, decorator);
  const own = tableResource(context, { ...table, ...times, rowCount: count, bytes }, request.base);
  return { ...own, ...named(name) };
}

/** Which rows a decorator names, as a condition; undefined without one. @throws Failure */
export function partitionRange(table: StoredTable, tableId: string): string | undefined {
  const { decorator } = splitDecorator(tableId);
  if (decorator === undefined) return undefined;
  if (decorator === NULL_PARTITION && table.partitioning) return `${identifier(table.partitioning.field)} IS NULL`;
  const partition = partitionNamed(label(table.name), decorator, table.partitioning);
  return table.partitioning && within(table, table.partitioning, partition);
}

export function tableResource({ catalog }: Context, table: StoredTable, base: string): Json {
  const { project, dataset, table: id } = table.name;
  return {
    ...summary(table),
    etag: etagOf("table", label(table.name), table.version),
    selfLink: `${base}/projects/${project}/datasets/${dataset}/tables/${id}`,
    location: catalog.dataset(project, dataset).location,
    lastModifiedTime: String(table.modified),
    schema: { fields: table.fields },
    numRows: String(table.rowCount),
    numBytes: String(table.bytes),
    numLongTermBytes: "0",
    numTotalLogicalBytes: String(table.bytes),
    ...(table.view === undefined ? {} : { view: { query: table.view, useLegacySql: false } }),
  };
}

/** @throws Failure */
export async function insertTable(context: Context, { project, path, body, base }: Request): Promise<Json> {
  const dataset = path["dataset"] ?? "";
  const sent = objectOf(body["tableReference"]);
  const name = { project, dataset, table: textOf(sent["tableId"]) ?? "" };
  const { query } = objectOf(body["view"]);
  const details = patched({}, body, PATCHABLE);
  if (flagOf(body["requirePartitionFilter"])) throw unserved("requirePartitionFilter");
  if (typeof query === "string") {
    const fields = await viewFields(context, { sql: query, project, dataset: undefined, parameters: [] });
    return tableResource(context, createView(context, { name, query, fields, details }), base);
  }
  const { timePartitioning, clustering } = body;
  const fields = fieldsOf(body["schema"]) ?? [];
  return tableResource(
    context,
    await createTable(context, { name, fields, timePartitioning, clustering, details }),
    base,
  );
}

/** The table that a path names. @throws Failure */
export function tableOf({ catalog }: Context, { project, path }: Request): StoredTable {
  const { name } = splitDecorator(path["table"] ?? "");
  return catalog.table({ project, dataset: path["dataset"] ?? "", table: name });
}

export function listTables({ catalog }: Context, { project, path, query }: Request): Json {
  const { tables } = catalog.dataset(project, path["dataset"] ?? "");
  const all = [...tables.values()].sort((a, b) => (a.name.table < b.name.table ? -1 : 1));
  const window = windowOf(query, MOST);
  const { pageToken } = nextToken(window, all.length);
  return {
    kind: "bigquery#tableList",
    tables: all.slice(window.start, window.start + window.size).map(summary),
    totalItems: all.length,
    ...(pageToken ? { nextPageToken: pageToken } : {}),
  };
}

/** @throws Failure */
export async function deleteTable(context: Context, request: Request): Promise<void> {
  const table = tableOf(context, request);
  const range = partitionRange(table, request.path["table"] ?? "");
  if (range === undefined) return dropTable(context, table);
  await context.duck.ask(`DELETE FROM ${table.rows} WHERE ${range}`);
  table.partitions.delete(splitDecorator(request.path["table"] ?? "").decorator ?? "");
  await settle(context, table);
}
