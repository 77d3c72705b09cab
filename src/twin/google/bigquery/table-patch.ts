import type { StoredTable } from "./catalog.ts";
import { label } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { etagOf, patched } from "./datasets.ts";
import { Failure, invalid } from "./failure.ts";
import type { Json } from "./json.ts";
import { checkModes, merged } from "./load-schema.ts";
import { clusteringOf } from "./new-table.ts";
import { partitioningOf } from "./partition.ts";
import { addColumns, settle } from "./placement.ts";
import { type Field, fieldNamed, fieldsOf } from "./schema.ts";
import { PATCHABLE, tableOf, tableResource } from "./tables.ts";

/** `tables.patch`: details, wider schemas, another expiration. @throws Failure */
export async function patchTable(context: Context, request: Request): Promise<Json> {
  const { body, headers, base } = request;
  const table = tableOf(context, request);
  const match = headers["if-match"];
  if (match !== undefined && match !== etagOf("table", label(table.name), table.version)) {
    throw new Failure("conditionNotMet", "Precondition Failed");
  }
  const { clustering } = body;
  const clusters = clustering === undefined ? table.clustering : clusteringOf(clustering, table.fields);
  const expiration = expirationAfter(table, body);
  const sent = fieldsOf(body["schema"]) ?? [];
  // Clients send an empty schema along where they change something else.
  if (sent.length > 0) await patchSchema(context, table, sent);
  table.clustering = clusters;
  table.details = patched(table.details, body, PATCHABLE);
  if (table.partitioning && expiration !== table.partitioning.expirationMs) {
    table.partitioning = { ...table.partitioning, expirationMs: expiration };
  }
  if (table.view === undefined) await settle(context, table);
  return tableResource(context, table, base);
}

function expirationAfter(table: StoredTable, { timePartitioning }: Json): number | undefined {
  const old = table.partitioning;
  if (timePartitioning === undefined) return old?.expirationMs;
  const wanted = partitioningOf(timePartitioning, table.fields);
  if (wanted?.type === old?.type && wanted?.field === old?.field) return wanted?.expirationMs;
  throw invalid(`Cannot change partitioning spec of the existing table ${label(table.name)}.`);
}

async function patchSchema({ duck }: Context, table: StoredTable, sent: readonly Field[]): Promise<void> {
  checkModes(table, sent);
  const fields = merged(table, sent, { mayAdd: true, mayRelax: true }).map((field) => {
    const { description } = fieldNamed(sent, field.name) ?? field;
    const { description: _, ...bare } = field;
    return description === undefined ? bare : { ...bare, description };
  });
  for (const { name } of table.fields) {
    if (fieldNamed(sent, name)) continue;
    throw invalid(`Provided Schema does not match Table ${label(table.name)}. Field ${name} is missing in new schema`);
  }
  await addColumns(duck, table, fields);
  table.fields = fields;
}
