import { label, type StoredTable, type TableName } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { defaultExpiration, etagOf, patched } from "./datasets.ts";
import { duplicate, Failure, invalid } from "./failure.ts";
import { type Json, objectOf, textOf, textsOf } from "./json.ts";
import { nextToken, windowOf } from "./pages.ts";
import { partitioningOf, splitDecorator } from "./partition.ts";
import { createRows } from "./rows.ts";
import { type Field, fieldNamed, fieldsOf } from "./schema.ts";

const PATCHABLE = ["description", "friendlyName", "labels", "expirationTime"];
const MOST = 1_000;
const MOST_CLUSTERS = 4;

const referenceOf = ({ project, dataset, table }: TableName) => ({
  projectId: project,
  datasetId: dataset,
  tableId: table,
});

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
    id: label(table.name),
    tableReference: referenceOf(table.name),
    type: table.view === undefined ? "TABLE" : "VIEW",
    creationTime: String(table.created),
    ...layoutOf(table),
    ...(table.view === undefined ? {} : { view: { useLegacySql: false } }),
    ...table.details,
  };
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

export interface NewTable {
  readonly name: TableName;
  readonly fields: readonly Field[];
  readonly timePartitioning?: unknown;
  readonly clustering?: unknown;
  readonly details?: Json;
}

function clusteringOf(value: unknown, fields: readonly Field[]): readonly string[] {
  const names = textsOf(objectOf(value)["fields"]);
  if (names.length > MOST_CLUSTERS) throw invalid(`Too many clustering fields: at most ${MOST_CLUSTERS} are allowed.`);
  for (const name of names) {
    const field = fieldNamed(fields, name);
    if (field === undefined)
      throw invalid(`The field specified for clustering cannot be found in the schema: ${name}.`);
    if (["FLOAT", "BYTES", "JSON", "TIME"].includes(field.type)) {
      throw invalid(`Entity's field ${name} of type ${field.type} cannot be used for clustering.`);
    }
  }
  return names;
}

/** Makes an empty table. @throws Failure */
export async function createTable(context: Context, wanted: NewTable): Promise<StoredTable> {
  const { name, fields } = wanted;
  const dataset = context.catalog.dataset(name.project, name.dataset);
  if (!/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} ]{1,1024}$/u.test(name.table)) throw invalid(`Invalid table ID "${name.table}".`);
  if (dataset.tables.has(name.table)) throw duplicate(`Table ${label(name)}`);
  const partitioning = partitioningOf(wanted.timePartitioning, fields);
  const table: StoredTable = {
    name,
    created: context.now(),
    modified: context.now(),
    details: wanted.details ?? {},
    fields,
    partitioning: partitioning && {
      ...partitioning,
      expirationMs: partitioning.expirationMs ?? defaultExpiration(dataset),
    },
    clustering: clusteringOf(wanted.clustering, fields),
    view: undefined,
    rows: context.duck.freshName(),
    rowCount: 0,
    bytes: 0,
    version: 1,
  };
  await createRows(context.duck, table.rows, fields);
  dataset.tables.set(name.table, table);
  return table;
}

/** @throws Failure */
export async function insertTable(context: Context, { project, path, body, base }: Request): Promise<Json> {
  const dataset = path["dataset"] ?? "";
  const sent = objectOf(body["tableReference"]);
  const name = { project, dataset, table: textOf(sent["tableId"]) ?? "" };
  const { query } = objectOf(body["view"]);
  const details = patched({}, body, PATCHABLE);
  if (typeof query === "string") return tableResource(context, createView(context, name, query, details), base);
  const { timePartitioning, clustering } = body;
  const fields = fieldsOf(body["schema"]) ?? [];
  return tableResource(
    context,
    await createTable(context, { name, fields, timePartitioning, clustering, details }),
    base,
  );
}

/** @throws Failure */
export function createView({ catalog, now }: Context, name: TableName, query: string, details: Json): StoredTable {
  const dataset = catalog.dataset(name.project, name.dataset);
  if (dataset.tables.has(name.table)) throw duplicate(`Table ${label(name)}`);
  const made = { created: now(), modified: now(), version: 1 };
  const none = { fields: [], partitioning: undefined, clustering: [], rows: "", rowCount: 0, bytes: 0 };
  const view: StoredTable = { name, view: query, details, ...none, ...made };
  dataset.tables.set(name.table, view);
  return view;
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
  if (request.path["table"] !== table.name.table)
    throw invalid("Partitions are deleted by queries here, not by tables.delete.");
  context.catalog.dataset(table.name.project, table.name.dataset).tables.delete(table.name.table);
  if (table.view === undefined) await context.duck.ask(`DROP TABLE ${table.rows}`);
}

/** @throws Failure `conditionNotMet` */
export function checkEtag(table: StoredTable, match: string | undefined): void {
  if (match !== undefined && match !== etagOf("table", label(table.name), table.version)) {
    throw new Failure("conditionNotMet", "Precondition Failed");
  }
}

/** New details of a table, without its schema. */
export function patchDetails(context: Context, table: StoredTable, body: Json): void {
  table.details = patched(table.details, body, PATCHABLE);
  table.modified = context.now();
  table.version++;
}
