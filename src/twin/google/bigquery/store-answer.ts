import { label } from "./catalog.ts";
import type { Context } from "./context.ts";
import { identifier } from "./duck.ts";
import { notFound } from "./failure.ts";
import type { Destination } from "./load-options.ts";
import { createTable, dropTable } from "./new-table.ts";
import { partitionNamed } from "./partition.ts";
import { put } from "./placement.ts";
import { DUCK_TYPES } from "./schema.ts";
import { type Prepared, tableFields } from "./statement.ts";
import type { ResultField } from "./values.ts";

interface Layout {
  readonly timePartitioning?: unknown;
  readonly clustering?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Puts a query's rows into a table. @throws Failure */
export async function storeAnswer(
  context: Context,
  { text }: Pick<Prepared, "text">,
  answer: readonly ResultField[],
  { table: name, decorator, write, create }: Destination,
  layout: Layout = {},
): Promise<void> {
  const { catalog, duck } = context;
  const fields = tableFields(answer);
  const existing = catalog.dataset(name.project, name.dataset).tables.get(name.table);
  if (existing === undefined && create === "CREATE_NEVER") throw notFound(`Table ${label(name)}`);
  const rows = duck.freshName();
  const columns = fields.map((field) => {
    const column = identifier(field.name);
    return `CAST(${column} AS ${DUCK_TYPES[field.type]}) AS ${column}`;
  });
  await duck.ask(`CREATE TABLE ${rows} AS SELECT ${columns.join(", ")} FROM (${text})`);
  try {
    const table = existing ?? (await createTable(context, { name, fields, ...layout }));
    try {
      const partition =
        decorator === undefined ? undefined : partitionNamed(label(name), decorator, table.partitioning);
      const whole = write === "WRITE_TRUNCATE" && partition === undefined;
      await put(context, table, { rows, fields: whole ? fields : table.fields, write, partition });
    } catch (error) {
      if (existing === undefined) await dropTable(context, table);
      throw error;
    }
  } finally {
    await duck.ask(`DROP TABLE ${rows}`);
  }
}
