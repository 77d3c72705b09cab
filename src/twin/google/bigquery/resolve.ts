import { label, type StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import { identifier } from "./duck.ts";
import { Failure } from "./failure.ts";
import { informationSchema } from "./information-schema.ts";
import { lookUp, type Parameter } from "./parameters.ts";
import { fullName, type TableReference, tableReferences } from "./table-references.ts";
import { type Token, tokensOf } from "./tokens.ts";
import { translated } from "./translate.ts";

/** Where a text is read: what its names mean. */
export interface Scope {
  readonly project: string;
  /** Where names without one are looked up. */
  readonly dataset: string | undefined;
  readonly parameters: readonly Parameter[];
}

export interface Resolved {
  /** For DuckDB. */
  readonly text: string;
  /** The text's words and those of the views that it reads. */
  readonly words: readonly Token[];
  /** Tables whose rows are read or written, through views too. */
  readonly tables: ReadonlySet<StoredTable>;
  /** The table that is written, the first one that the text names for it. */
  readonly written: StoredTable | undefined;
}

/** A statement of GoogleSQL as DuckDB reads it, with the tables that it names. @throws Failure */
export async function resolve(context: Context, tokens: readonly Token[], scope: Scope): Promise<Resolved> {
  const meaning = { parameter: lookUp(scope.parameters) };
  const tables = new Set<StoredTable>();
  const words = [...tokens];
  const parts: string[] = [];
  let written: StoredTable | undefined;
  let at = 0;
  for (const reference of tableReferences(tokens)) {
    for (; at < reference.from; at++) parts.push(translated(tokens, at, meaning));
    const found = await rowsOf(context, reference, scope);
    for (const table of found.tables) tables.add(table);
    words.push(...found.words);
    if (reference.written) written ??= found.table;
    const before = tokens[reference.from - 1]?.value;
    const bare = reference.named || before === "INTO" || before === "TABLE";
    parts.push(bare ? found.text : `${found.text} AS ${identifier(reference.path.at(-1) ?? "")}`);
    at = reference.to;
  }
  for (; at < tokens.length; at++) parts.push(translated(tokens, at, meaning));
  return { text: parts.join(" "), words, tables, written };
}

interface Found {
  readonly text: string;
  readonly tables: Iterable<StoredTable>;
  readonly words: readonly Token[];
  readonly table: StoredTable | undefined;
}

async function rowsOf(context: Context, { path }: TableReference, scope: Scope): Promise<Found> {
  const schema = path.findIndex((part) => part.toUpperCase() === "INFORMATION_SCHEMA");
  if (schema >= 0) {
    const home = fullName([...path.slice(0, schema), ""], scope.project, scope.dataset);
    if (home === undefined) throw unqualified(path);
    const text = await informationSchema(context, [home.project, home.dataset], path[schema + 1] ?? "");
    return { text, tables: [], words: [], table: undefined };
  }
  const name = fullName(path, scope.project, scope.dataset);
  if (name === undefined) throw unqualified(path);
  const table = context.catalog.find(name.project, name.dataset)?.tables.get(name.table);
  if (table === undefined) throw new Failure("notFound", `Not found: Table ${label(name)} was not found`);
  if (table.view === undefined) return { text: table.rows, tables: [table], words: [], table };
  const inner = await resolve(context, tokensOf(table.view), {
    project: name.project,
    dataset: undefined,
    parameters: [],
  });
  return { text: `(${inner.text})`, tables: inner.tables, words: inner.words, table };
}

const unqualified = (path: readonly string[]): Failure =>
  new Failure("invalid", `Table "${path.join(".")}" must be qualified with a dataset (e.g. dataset.table).`);
