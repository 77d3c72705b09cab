import type { TableName } from "../../core/table.ts";
import { columnsMarkdown, parquetText, typescriptText } from "../../market/schema-text.ts";
import { parseTable, TABLES } from "../../market/tables.ts";
import { openCandlelake } from "../../open.ts";
import type { Context } from "../context.ts";
import { csv, json, ndjson, table, write } from "../output.ts";

export async function run(context: Context): Promise<number> {
  const tables = context.args[0] ? [parseTable(context.args[0])] : TABLES;
  switch (context.text("as")) {
    case "duckdb":
      await write(
        await duckdb(
          context,
          tables.map((one) => one.name),
        ),
      );
      return 0;
    case "parquet":
      await write(tables.map(parquetText).join("\n"));
      return 0;
    case "typescript":
      await write(tables.map(typescriptText).join("\n"));
      return 0;
    case "markdown":
      await write(tables.map(columnsMarkdown).join("\n"));
      return 0;
  }
  const rows = tables.flatMap((one) =>
    one.columns.map(({ name, type, unit, doc }) => ({ table: one.name, column: name, type, unit, doc })),
  );
  if (context.format === "json") {
    const described = tables.map((one) => ({
      name: one.name,
      doc: one.doc,
      key: one.key,
      columns: one.columns.map(({ name, type, unit, doc }) => ({ name, type, unit, doc })),
    }));
    await write(json({ command: "schema", ok: true, tables: described, error: null }));
  } else if (context.format === "csv") await write(csv(rows));
  else if (context.format === "ndjson") await write(ndjson(rows));
  else
    await write(
      table(
        ["table", "column", "type", "unit", "doc"],
        rows.map((row) => Object.values(row)),
      ),
    );
  return 0;
}

async function duckdb(context: Context, names: readonly TableName[]): Promise<string> {
  const { ports, engine } = await openCandlelake(context.config, context.log);
  try {
    return (await ports.warehouse()).ddl(names);
  } finally {
    await engine.close();
  }
}
