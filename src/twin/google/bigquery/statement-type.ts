import type { Token } from "./tokens.ts";

/** The kind of a statement as `statistics.query.statementType` tells it. */
export type StatementType =
  | "SELECT"
  | "INSERT"
  | "UPDATE"
  | "DELETE"
  | "MERGE"
  | "TRUNCATE_TABLE"
  | "CREATE_TABLE"
  | "CREATE_TABLE_AS_SELECT"
  | "CREATE_VIEW"
  | "CREATE_SCHEMA"
  | "DROP_TABLE"
  | "DROP_VIEW"
  | "DROP_SCHEMA"
  | "ALTER_TABLE"
  | "EXPORT_DATA"
  | "LOAD_DATA"
  | "SCRIPT"
  | "UNKNOWN";

/** Statements that change rows, and that a project without billing may not run. */
export const DML: readonly StatementType[] = ["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE_TABLE"];

const FIRST: Readonly<Record<string, StatementType>> = {
  SELECT: "SELECT",
  WITH: "SELECT",
  "(": "SELECT",
  FROM: "SELECT",
  INSERT: "INSERT",
  UPDATE: "UPDATE",
  DELETE: "DELETE",
  MERGE: "MERGE",
  TRUNCATE: "TRUNCATE_TABLE",
  EXPORT: "EXPORT_DATA",
  LOAD: "LOAD_DATA",
  ALTER: "ALTER_TABLE",
  DECLARE: "SCRIPT",
  BEGIN: "SCRIPT",
};

const SECOND: Readonly<Record<string, StatementType>> = {
  "CREATE TABLE": "CREATE_TABLE",
  "CREATE VIEW": "CREATE_VIEW",
  "CREATE SCHEMA": "CREATE_SCHEMA",
  "DROP TABLE": "DROP_TABLE",
  "DROP VIEW": "DROP_VIEW",
  "DROP SCHEMA": "DROP_SCHEMA",
};

/** The statements of a text; semicolons part them. */
export function statementsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "symbol" && token.value === ";") statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter(({ length }) => length > 0);
}

export function statementType(tokens: readonly Token[]): StatementType {
  const [first, ...rest] = tokens.map(({ value }) => value);
  const known = FIRST[first ?? ""];
  if (known !== undefined) return known;
  const [second = ""] = rest.filter((word) => !["OR", "REPLACE"].includes(word));
  const type = SECOND[`${first} ${second}`] ?? "UNKNOWN";
  if (type !== "CREATE_TABLE") return type;
  const as = topLevel(tokens, "AS");
  return as < 0 ? "CREATE_TABLE" : "CREATE_TABLE_AS_SELECT";
}

/** Where a word stands outside of parentheses; -1 where it does not. */
export function topLevel(tokens: readonly Token[], word: string): number {
  let depth = 0;
  return tokens.findIndex(({ kind, value }) => {
    if (kind === "symbol" && value === "(") depth++;
    if (kind === "symbol" && value === ")") depth--;
    return depth === 0 && kind === "word" && value === word;
  });
}
