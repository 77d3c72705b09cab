import { label, type StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import type { Cell } from "./duck.ts";
import { identifier } from "./duck.ts";
import { Failure, notFound } from "./failure.ts";
import { fullName, tableReferences } from "./table-references.ts";
import { type Token, tokensOf } from "./tokens.ts";
import { translated } from "./translate.ts";
import { type ResultField, resultField } from "./values.ts";

export interface QueryResult {
  readonly fields: readonly ResultField[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface QueryText {
  readonly sql: string;
  readonly project: string;
  /** Where names without one are looked up. */
  readonly dataset: string | undefined;
}

export interface Prepared {
  readonly tokens: readonly Token[];
  /** For DuckDB. */
  readonly text: string;
  readonly tables: readonly StoredTable[];
}

export function prepare(context: Context, { sql, project, dataset }: QueryText): Prepared {
  const tokens = tokensOf(sql);
  const references = tableReferences(tokens);
  const tables = new Set<StoredTable>();
  const parts: string[] = [];
  let at = 0;
  for (const { from, to, path, named } of references) {
    for (; at < from; at++) parts.push(translated(tokens, at));
    const name = fullName(path, project, dataset);
    if (name === undefined) {
      throw new Failure("invalid", `Table "${path.join(".")}" must be qualified with a dataset (e.g. dataset.table).`);
    }
    const table = context.catalog.find(name.project, name.dataset)?.tables.get(name.table);
    if (table === undefined) throw notFound(`Table ${label(name)} was not found`);
    tables.add(table);
    parts.push(named ? table.rows : `${table.rows} AS ${identifier(name.table)}`);
    at = to;
  }
  for (; at < tokens.length; at++) parts.push(translated(tokens, at));
  return { tokens, text: parts.join(" "), tables: [...tables] };
}

export async function runQuery({ duck }: Context, { text }: Prepared): Promise<QueryResult> {
  const { names, types, rows } = await duck.ask(text).catch((error: unknown) => {
    throw new Failure("invalidQuery", error instanceof Error ? error.message : String(error));
  });
  return { fields: names.map((name, index) => resultField(name, types[index] as never)), rows };
}
