import { label, type StoredTable, type TableName } from "./catalog.ts";
import type { Context } from "./context.ts";
import { identifier } from "./duck.ts";
import { invalid, notFound, unserved } from "./failure.ts";
import type { Plan } from "./job-requests.ts";
import { type Json, listOf, objectOf, textOf } from "./json.ts";
import { type Destination, destinationOf } from "./load-options.ts";
import { createTable, dropTable } from "./new-table.ts";
import { partitionNamed, splitDecorator } from "./partition.ts";
import { put, within } from "./placement.ts";
import { fieldNamed } from "./schema.ts";
import { checkServed } from "./served.ts";

const SERVED = [
  "sourceTable",
  "sourceTables",
  "destinationTable",
  "writeDisposition",
  "createDisposition",
  "operationType",
];

interface Piece {
  readonly table: TableName;
  readonly decorator: string | undefined;
}

/** @throws Failure where the job is not even taken on */
export function copyPlan(context: Context, project: string, section: Json): Plan {
  checkServed(section, SERVED, "configuration.copy");
  const operation = textOf(section["operationType"]) ?? "COPY";
  if (operation !== "COPY") throw unserved(`operationType ${operation}`);
  const destination = destinationOf(section, project, "WRITE_EMPTY");
  const { table } = destination;
  const sources = (
    section["sourceTables"] === undefined ? [section["sourceTable"]] : listOf(section["sourceTables"])
  ).map((source) => pieceOf(objectOf(source), project));
  return {
    kind: "COPY",
    location: context.catalog.dataset(table.project, table.dataset).location,
    dataset: table,
    destination: table,
    work: async () => ({ copy: await copy(context, sources, destination) }),
  };
}

function pieceOf({ projectId, datasetId, tableId }: Json, project: string): Piece {
  const dataset = textOf(datasetId);
  const id = textOf(tableId);
  if (dataset === undefined || id === undefined) throw invalid("Required parameter is missing: sourceTable");
  const { name, decorator } = splitDecorator(id);
  return { table: { project: textOf(projectId) ?? project, dataset, table: name }, decorator };
}

/** Copies tables or partitions, all of them or nothing. @returns `statistics.copy` */
async function copy(context: Context, pieces: readonly Piece[], destination: Destination): Promise<Json> {
  const { catalog, duck } = context;
  const dataset = catalog.dataset(destination.table.project, destination.table.dataset);
  const sources = pieces.map(({ table, decorator }) => ({ table: catalog.table(table), decorator }));
  const first = sources[0]?.table;
  if (first === undefined) throw invalid("Required parameter is missing: sourceTables");
  for (const { table } of sources) {
    const { location } = catalog.dataset(table.name.project, table.name.dataset);
    if (location !== dataset.location) throw unserved("A copy from one location to another");
    if (table.view !== undefined)
      throw invalid(`${label(table.name)} is not allowed for this operation because it is currently a VIEW.`);
    checkSchemas(first, table);
  }
  const existing = dataset.tables.get(destination.table.table);
  if (existing === undefined && destination.create === "CREATE_NEVER")
    throw notFound(`Table ${label(destination.table)}`);
  const replaced = destination.write === "WRITE_TRUNCATE" && destination.decorator === undefined;
  if (existing !== undefined && (!replaced || existing.partitioning !== undefined)) checkSchemas(existing, first);
  const rows = duck.freshName();
  const columns = first.fields.map(({ name }) => identifier(name)).join(", ");
  const parts = sources.map(({ table, decorator }) => {
    const partition =
      decorator === undefined ? undefined : partitionNamed(label(table.name), decorator, table.partitioning);
    const where = partition && table.partitioning ? within(table, table.partitioning, partition) : "true";
    return `SELECT ${columns} FROM ${table.rows} WHERE ${where}`;
  });
  try {
    await duck.ask(`CREATE TABLE ${rows} AS ${parts.join(" UNION ALL ")}`);
    const { count, bytes } = await place(context, destination, { rows, first, existing });
    return { copiedRows: String(count), copiedLogicalBytes: String(bytes) };
  } finally {
    await duck.ask(`DROP TABLE IF EXISTS ${rows}`);
  }
}

interface Arrival {
  readonly rows: string;
  /** The copied table: a new one is made like it. */
  readonly first: StoredTable;
  readonly existing: StoredTable | undefined;
}

async function place(
  context: Context,
  { table: name, decorator, write }: Destination,
  { rows, first, existing }: Arrival,
) {
  const { fields, partitioning, clustering, details } = first;
  const whole = write === "WRITE_TRUNCATE" && decorator === undefined;
  if (existing === undefined && decorator !== undefined) throw notFound(`Table ${label(name)}`);
  const layout = { timePartitioning: partitioning, clustering: { fields: clustering }, details };
  const table = existing ?? (await createTable(context, { name, fields, ...layout }));
  try {
    const partition = decorator === undefined ? undefined : partitionNamed(label(name), decorator, table.partitioning);
    return await put(context, table, { rows, fields: whole ? fields : (existing?.fields ?? fields), write, partition });
  } catch (error) {
    if (existing === undefined) await dropTable(context, table);
    throw error;
  }
}

/** @throws Failure where rows of `from` are no rows of `to` */
function checkSchemas(to: StoredTable, from: StoredTable): void {
  const mismatch = (why: string) => invalid(`Provided Schema does not match Table ${label(to.name)}. ${why}`);
  if (to === from) return;
  for (const { name, type, mode } of from.fields) {
    const field = fieldNamed(to.fields, name);
    if (field === undefined) throw mismatch(`Cannot add fields (field: ${name})`);
    if (field.type !== type) throw mismatch(`Field ${name} has changed type from ${field.type} to ${type}`);
    if (field.mode === "REQUIRED" && mode !== "REQUIRED") {
      throw mismatch(`Field ${name} has changed mode from REQUIRED to NULLABLE`);
    }
  }
  const missing = to.fields.find(({ name }) => fieldNamed(from.fields, name) === undefined);
  if (missing !== undefined) throw mismatch(`Field ${missing.name} is missing in new schema`);
}
