import { label, type StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import type { Cost } from "./cost.ts";
import { addDataset } from "./datasets.ts";
import { readDefinition } from "./ddl-reader.ts";
import { duplicate, Failure, invalid } from "./failure.ts";
import { createTable, createView, dropTable } from "./new-table.ts";
import type { Scope } from "./resolve.ts";
import { fieldsOfQuery, prepare, viewFields } from "./statement.ts";
import type { StatementType } from "./statement-type.ts";
import { storeAnswer } from "./store-answer.ts";
import type { Token } from "./tokens.ts";

export interface Made {
  readonly cost: Cost;
  /** Tables whose rows were read. */
  readonly tables: Iterable<StoredTable>;
}

const NOTHING: Made = { cost: { processed: 0, billed: 0 }, tables: [] };

/** Makes or drops what a statement names; undefined where it is none that is served. @throws Failure */
export async function runDdl(
  context: Context,
  type: StatementType,
  tokens: readonly Token[],
  scope: Scope,
): Promise<Made | undefined> {
  if (!/^(CREATE|DROP)_/.test(type)) return undefined;
  const { catalog } = context;
  const definition = readDefinition(tokens, type.endsWith("_SCHEMA"), scope);
  const { name, ifExists, ifNotExists, replace, details } = definition;
  if (type === "CREATE_SCHEMA") {
    if (catalog.find(name.project, name.dataset) === undefined) {
      addDataset(context, name.project, name.dataset, definition.location, details);
    } else if (!ifNotExists) throw duplicate(`Dataset ${name.project}:${name.dataset}`);
    return NOTHING;
  }
  if (type === "DROP_SCHEMA") return dropSchema(context, definition);
  const existing = catalog.dataset(name.project, name.dataset).tables.get(name.table);
  if (type.startsWith("DROP")) {
    if (existing === undefined && !ifExists)
      throw new Failure("notFound", `Not found: Table ${label(name)} was not found`);
    if (existing !== undefined && (existing.view === undefined) !== (type === "DROP_TABLE")) {
      throw invalid(`${label(name)} is not of the kind that ${type} drops.`);
    }
    if (existing !== undefined) await dropTable(context, existing);
    return NOTHING;
  }
  if (existing !== undefined && ifNotExists) return NOTHING;
  if (existing !== undefined && !replace) throw duplicate(`Table ${label(name)}`);
  const { fields, timePartitioning, clustering, select } = definition;
  if (type === "CREATE_VIEW") {
    const query = select.map(({ text }) => text).join(" ");
    const columns = await viewFields(context, { sql: query, ...scope });
    if (existing !== undefined) await dropTable(context, existing);
    createView(context, { name, query, fields: columns, details });
    return NOTHING;
  }
  if (select.length === 0) {
    if (existing !== undefined) await dropTable(context, existing);
    await createTable(context, { name, fields, timePartitioning, clustering, details });
    return NOTHING;
  }
  const prepared = await prepare(context, select, scope);
  const destination = {
    table: name,
    decorator: undefined,
    create: "CREATE_IF_NEEDED",
    write: "WRITE_TRUNCATE",
  } as const;
  const layout = { timePartitioning, clustering, details };
  await storeAnswer(context, prepared, await fieldsOfQuery(context, prepared), destination, layout);
  return prepared;
}

async function dropSchema(
  context: Context,
  { name, ifExists, cascade }: ReturnType<typeof readDefinition>,
): Promise<Made> {
  const dataset = context.catalog.find(name.project, name.dataset);
  if (dataset === undefined) {
    if (ifExists) return NOTHING;
    throw new Failure("notFound", `Not found: Dataset ${name.project}:${name.dataset}`);
  }
  if (dataset.tables.size > 0 && !cascade) {
    throw new Failure("resourceInUse", `Dataset ${name.project}:${name.dataset} is still in use`);
  }
  for (const table of [...dataset.tables.values()]) await dropTable(context, table);
  context.catalog.remove(dataset);
  return NOTHING;
}
