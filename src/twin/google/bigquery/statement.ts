import type { StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import { type Cost, costOf } from "./cost.ts";
import type { Answer } from "./duck.ts";
import { instant } from "./duck.ts";
import { Failure } from "./failure.ts";
import { resolve, type Scope } from "./resolve.ts";
import type { Field } from "./schema.ts";
import { type StatementType, statementType } from "./statement-type.ts";
import { syntaxError, type Token, tokensOf } from "./tokens.ts";
import { type ResultField, resultField } from "./values.ts";

/** A statement that rows are read or changed with, ready to run. */
export interface Prepared {
  readonly type: StatementType;
  readonly text: string;
  readonly tables: ReadonlySet<StoredTable>;
  readonly written: StoredTable | undefined;
  readonly cost: Cost;
}

/** @throws Failure */
export async function prepare(context: Context, tokens: readonly Token[], scope: Scope): Promise<Prepared> {
  const { text, words, tables, written } = await resolve(context, tokens, scope);
  return { type: statementType(tokens), text, tables, written, cost: await costOf(context.duck, words, tables) };
}

/** Runs it in DuckDB, whose complaints are told as BigQuery's. @throws Failure `invalidQuery` */
export async function run(
  { duck, now }: Context,
  { text, tables }: Pick<Prepared, "text" | "tables">,
): Promise<Answer> {
  await duck.ask(`SET VARIABLE bq_now = ${instant(BigInt(now()) * 1000n)}`);
  return duck.ask(text).catch((error: unknown) => {
    throw complaint(error, tables);
  });
}

/** The columns that a query answers. @throws Failure */
export async function fieldsOfQuery(
  context: Context,
  prepared: Pick<Prepared, "text" | "tables">,
): Promise<ResultField[]> {
  const { names, types } = await run(context, { ...prepared, text: `SELECT * FROM (${prepared.text}) LIMIT 0` });
  return names.flatMap((name, index) => {
    const type = types[index];
    return type === undefined ? [] : [resultField(name, type)];
  });
}

/** Columns of a table that takes a query's rows. @throws Failure */
export function tableFields(fields: readonly ResultField[]): readonly Field[] {
  return fields.map(({ name, type, mode }) => {
    if (type === "INTERVAL" || mode === "REPEATED") {
      throw new Failure(
        "notImplemented",
        `A table's column ${name} of type ${type} ${mode} is not served by this stand-in.`,
      );
    }
    return { name, type, mode };
  });
}

/** The columns of a view. @throws Failure where its text is wrong */
export async function viewFields(
  context: Context,
  { sql, ...scope }: Scope & { readonly sql: string },
): Promise<readonly Field[]> {
  const tokens = tokensOf(sql);
  if (statementType(tokens) !== "SELECT") throw syntaxError("A view is made of a SELECT statement");
  return tableFields(await fieldsOfQuery(context, await resolve(context, tokens, scope)));
}

function complaint(error: unknown, tables: Iterable<StoredTable>): Failure {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  let text = line.replace(/^\w+ Error: /, "");
  for (const { rows, name } of tables) text = text.replaceAll(new RegExp(`\\b${rows}\\b`, "g"), name.table);
  const near = /syntax error at or near "(.*)"/.exec(text)?.[1];
  if (near !== undefined) return syntaxError(`Unexpected "${near}"`);
  if (/^syntax error/.test(text)) return syntaxError("Unexpected end of script");
  const column = /Referenced column "(.*?)" not found/.exec(text)?.[1];
  return new Failure("invalidQuery", column === undefined ? text : `Unrecognized name: ${column}`);
}
