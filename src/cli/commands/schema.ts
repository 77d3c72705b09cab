import { UsageError } from "../../core/errors.ts";
import type { Table } from "../../core/table.ts";
import { columnsMarkdown, parquetText, typescriptText } from "../../market/schema-text.ts";
import { parseTable, TABLES } from "../../market/tables.ts";
import { ddlOf } from "../../open.ts";
import type { Context } from "../context.ts";
import { csv, json, ndjson, table, write } from "../output.ts";

const COLUMNS = ["table", "column", "type", "unit", "doc"];

async function ddl(kind: "duckdb" | "bigquery", context: Context, tables: readonly Table[]): Promise<string> {
  const [only] = tables;
  if (only && tables.length === 1 && !only.loaded) {
    throw new UsageError(
      "not-loaded",
      `${only.name} stays in the lake: no warehouse holds it, and so there is no DDL.`,
      `candlelake schema ${only.name} --as parquet`,
    );
  }
  const names = tables.map((one) => one.name);
  return ddlOf(context.config, kind, names);
}

/** The schema in another language's words. */
async function textAs(kind: string, context: Context, tables: readonly Table[]): Promise<string> {
  switch (kind) {
    case "duckdb":
    case "bigquery":
      return ddl(kind, context, tables);
    case "parquet":
      return tables.map(parquetText).join("\n");
    case "typescript":
      return tables.map(typescriptText).join("\n");
    default:
      return tables.map(columnsMarkdown).join("\n");
  }
}

const members = ({ columns }: Table) => columns.map(({ name, type, unit, doc }) => ({ name, type, unit, doc }));

export async function run(context: Context): Promise<number> {
  const tables = context.args[0] ? [parseTable(context.args[0])] : TABLES;
  const kind = context.text("as");
  if (kind) {
    const text = await textAs(kind, context, tables);
    await write(context.format === "json" ? json({ command: "schema", ok: true, as: kind, text, error: null }) : text);
    return 0;
  }
  const rows = tables.flatMap((one) =>
    members(one).map(({ name, ...rest }) => ({ table: one.name, column: name, ...rest })),
  );
  switch (context.format) {
    case "json": {
      const described = tables.map((one) => ({ name: one.name, doc: one.doc, key: one.key, columns: members(one) }));
      await write(json({ command: "schema", ok: true, tables: described, error: null }));
      break;
    }
    case "csv":
      await write(csv(rows, COLUMNS));
      break;
    case "ndjson":
      await write(ndjson(rows));
      break;
    case "text":
      await write(
        table(
          COLUMNS,
          rows.map((row) => Object.values(row)),
        ),
      );
  }
  return 0;
}
