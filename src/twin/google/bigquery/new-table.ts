import { label, type StoredDataset, type StoredTable, type TableName } from "./catalog.ts";
import type { Context } from "./context.ts";
import { defaultExpiration } from "./datasets.ts";
import { duplicate, invalid } from "./failure.ts";
import { integerOf, type Json, objectOf, textsOf } from "./json.ts";
import { partitioningOf, type TimePartitioning } from "./partition.ts";
import { createRows } from "./rows.ts";
import { type Field, fieldNamed } from "./schema.ts";

export interface NewTable {
  readonly name: TableName;
  readonly fields: readonly Field[];
  readonly timePartitioning?: unknown;
  readonly clustering?: unknown;
  readonly details?: Json;
}

export interface NewView {
  readonly name: TableName;
  readonly query: string;
  readonly fields: readonly Field[];
  readonly details: Json;
}

/** Letters, digits, connectors, dashes and spaces: no decorator. */
const ID = /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} ]{1,1024}$/u;
const MOST_CLUSTERS = 4;

/** @throws Failure */
export function clusteringOf(value: unknown, fields: readonly Field[]): readonly string[] {
  const names = textsOf(objectOf(value)["fields"]);
  if (names.length > MOST_CLUSTERS) throw invalid(`Too many clustering fields: at most ${MOST_CLUSTERS} are allowed.`);
  for (const name of names) {
    const field = fieldNamed(fields, name);
    if (field === undefined) {
      throw invalid(`The field specified for clustering cannot be found in the schema: ${name}.`);
    }
    if (["FLOAT", "BYTES", "JSON", "TIME"].includes(field.type)) {
      throw invalid(`Entity's field ${name} of type ${field.type} cannot be used for clustering.`);
    }
  }
  return names;
}

/** The dataset in which a name is still free. @throws Failure */
function homeOf({ catalog }: Context, name: TableName): StoredDataset {
  const dataset = catalog.dataset(name.project, name.dataset);
  if (!ID.test(name.table)) {
    throw invalid(
      `Invalid table ID "${name.table}". Table IDs must be alphanumeric (plus underscores, dashes and spaces) and must be at most 1024 characters long.`,
    );
  }
  if (dataset.tables.has(name.table)) throw duplicate(`Table ${label(name)}`);
  return dataset;
}

/** Makes an empty table. @throws Failure */
export async function createTable(context: Context, wanted: NewTable): Promise<StoredTable> {
  const { name, fields } = wanted;
  const dataset = homeOf(context, name);
  const partitioning = withExpiration(partitioningOf(wanted.timePartitioning, fields), dataset);
  const now = context.now();
  const lifetime = partitioning === undefined ? integerOf(dataset.details["defaultTableExpirationMs"]) : undefined;
  const table: StoredTable = {
    name,
    created: now,
    modified: now,
    details: { ...(lifetime === undefined ? {} : { expirationTime: String(now + lifetime) }), ...wanted.details },
    fields,
    partitioning,
    partitions: new Map(),
    clustering: clusteringOf(wanted.clustering, fields),
    view: undefined,
    rows: context.duck.freshName(),
    rowCount: 0,
    bytes: 0,
    expires: Number.POSITIVE_INFINITY,
    version: 1,
  };
  await createRows(context.duck, table.rows, fields);
  dataset.tables.set(name.table, table);
  return table;
}

function withExpiration(
  partitioning: TimePartitioning | undefined,
  dataset: StoredDataset,
): TimePartitioning | undefined {
  if (partitioning === undefined) return undefined;
  return { ...partitioning, expirationMs: partitioning.expirationMs ?? defaultExpiration(dataset) };
}

/** @throws Failure */
export function createView(context: Context, { name, query, fields, details }: NewView): StoredTable {
  const dataset = homeOf(context, name);
  const now = context.now();
  const view: StoredTable = {
    name,
    created: now,
    modified: now,
    details,
    fields,
    partitioning: undefined,
    partitions: new Map(),
    clustering: [],
    view: query,
    rows: "",
    rowCount: 0,
    bytes: 0,
    expires: Number.POSITIVE_INFINITY,
    version: 1,
  };
  dataset.tables.set(name.table, view);
  return view;
}

/** Takes a table or view away with its rows. */
export async function dropTable({ catalog, duck }: Context, { name, view, rows }: StoredTable): Promise<void> {
  catalog.dataset(name.project, name.dataset).tables.delete(name.table);
  if (view === undefined) await duck.ask(`DROP TABLE ${rows}`);
}
