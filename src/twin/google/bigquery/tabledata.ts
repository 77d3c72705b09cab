import type { StoredTable } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import type { Cell } from "./duck.ts";
import { identifier } from "./duck.ts";
import { invalid } from "./failure.ts";
import { flagOf, type Json } from "./json.ts";
import { nextToken, windowOf } from "./pages.ts";
import { SUMMARY, splitDecorator } from "./partition.ts";
import { partitionList } from "./partition-list.ts";
import { type Field, fieldNamed } from "./schema.ts";
import { partitionRange, tableOf } from "./tables.ts";
import { type Manner, type ResultField, wireValue } from "./values.ts";

const MOST = 100_000;

export const wireRows = (rows: readonly (readonly Cell[])[], fields: readonly ResultField[], manner: Manner) =>
  rows.map((row) => ({ f: fields.map((field, index) => ({ v: wireValue(row[index] ?? null, field, manner) })) }));

export const mannerOf = (query: URLSearchParams): Manner => ({
  micros: flagOf(query.get("formatOptions.useInt64Timestamp")),
});

function selected(fields: readonly Field[], names: string | null): readonly Field[] {
  if (!names) return fields;
  const wanted = names.split(",").map((name) => {
    const field = fieldNamed(fields, name.trim());
    if (field === undefined) throw invalid(`No such field: ${name.trim()}.`);
    return field;
  });
  return fields.filter((field) => wanted.includes(field));
}

async function listPartitions({ duck }: Context, { query }: Request, table: StoredTable): Promise<Json> {
  const { fields, rows } = await partitionList(duck, table);
  const columns = selected(fields, query.get("selectedFields")).map((field) => fields.indexOf(field));
  const window = windowOf(query, MOST);
  const page = rows.slice(window.start, window.start + window.size);
  return {
    kind: "bigquery#tableDataList",
    etag: `"${table.version}"`,
    totalRows: String(rows.length),
    ...(page.length > 0 ? { rows: page.map((row) => ({ f: columns.map((index) => ({ v: row[index] })) })) } : {}),
    ...nextToken(window, rows.length),
  };
}

/** Rows of a table or of one partition of it, for nothing billed. @throws Failure */
export async function listRows(context: Context, request: Request): Promise<Json> {
  const table = tableOf(context, request);
  if (table.view !== undefined) throw invalid(`Cannot list a table of type VIEW.`);
  if (splitDecorator(request.path["table"] ?? "").decorator === SUMMARY) return listPartitions(context, request, table);
  const range = partitionRange(table, request.path["table"] ?? "");
  const where = range ?? "true";
  const fields = selected(table.fields, request.query.get("selectedFields"));
  const window = windowOf(request.query, MOST);
  const total =
    range === undefined
      ? table.rowCount
      : await context.duck.count(`SELECT count(*) FROM ${table.rows} WHERE ${where}`);
  const columns = fields.map(({ name }) => identifier(name)).join(", ") || "1";
  const { rows } = await context.duck.ask(
    `SELECT ${columns} FROM ${table.rows} WHERE ${where} ORDER BY rowid LIMIT ${window.size} OFFSET ${window.start}`,
  );
  return {
    kind: "bigquery#tableDataList",
    etag: `"${table.version}"`,
    totalRows: String(total),
    ...(rows.length > 0 ? { rows: wireRows(rows, fields, mannerOf(request.query)) } : {}),
    ...nextToken(window, total),
  };
}
