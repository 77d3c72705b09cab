import type { TableName } from "./catalog.ts";
import type { Token } from "./tokens.ts";

/** A table as a statement names it. */
export interface TableReference {
  /** Its first token and the one behind its last. */
  readonly from: number;
  readonly to: number;
  /** `["demo", "raw", "klines"]`. */
  readonly path: readonly string[];
  /** Whether a name of its own follows. */
  readonly named: boolean;
  /** Whether rows are read from it, or written to it. */
  readonly written: boolean;
}

const READ = ["FROM", "JOIN", "USING"];
const WRITTEN = ["INTO", "UPDATE", "MERGE", "TABLE", "VIEW"];
const NOT_ALIAS = new Set(
  "ON USING WHERE GROUP HAVING QUALIFY ORDER LIMIT WINDOW UNION INTERSECT EXCEPT JOIN INNER LEFT RIGHT FULL CROSS TABLESAMPLE PIVOT UNPIVOT FOR SET WHEN SELECT VALUES FROM WITH PARTITION CLUSTER OPTIONS".split(
    " ",
  ),
);

/** The tables that a statement names, in its order; names of WITH clauses are none. */
export function tableReferences(tokens: readonly Token[]): readonly TableReference[] {
  const common = commonNames(tokens);
  const found: TableReference[] = [];
  // For each open parenthesis, whether a comma may be followed by another table.
  const inFrom = [false];
  for (let at = 0; at < tokens.length; at++) {
    const { kind, value } = tokens[at] ?? { kind: "symbol", value: "" };
    if (kind === "symbol") {
      if (value === "(") inFrom.push(false);
      if (value === ")") inFrom.pop();
      if (value !== "," || !inFrom.at(-1)) continue;
    } else if (kind !== "word" || !startsTable(tokens, at)) {
      if (kind === "word" && NOT_ALIAS.has(value) && !["JOIN", "ON", "USING"].includes(value))
        inFrom[inFrom.length - 1] = false;
      continue;
    }
    if (value === "FROM") inFrom[inFrom.length - 1] = true;
    const reference = referenceAt(
      tokens,
      skipWords(tokens, at + 1),
      WRITTEN.includes(value) || tokens[at - 1]?.value === "DELETE",
    );
    if (reference === undefined) continue;
    const [name = ""] = reference.path;
    if (reference.path.length > 1 || !common.has(name.toLowerCase())) found.push(reference);
    at = reference.to - 1;
  }
  return found;
}

function startsTable(tokens: readonly Token[], at: number): boolean {
  const { value } = tokens[at] ?? { value: "" };
  if (WRITTEN.includes(value) || tokens[at - 1]?.value === "DELETE") return true;
  if (!READ.includes(value)) return false;
  const before = tokens[at - 1]?.value;
  if (value === "FROM" && before === "DISTINCT") return false;
  if (value === "USING") return tokens.some((token, index) => index < at && token.value === "MERGE");
  return !insideExtract(tokens, at);
}

/** `EXTRACT(MONTH FROM ts)` names no table. */
const insideExtract = (tokens: readonly Token[], at: number): boolean =>
  tokens[at - 2]?.value === "(" && ["EXTRACT", "TRIM"].includes(tokens[at - 3]?.value ?? "");

/** `CREATE TABLE IF NOT EXISTS t`, `DROP TABLE IF EXISTS t`. */
function skipWords(tokens: readonly Token[], at: number): number {
  let next = at;
  while (["IF", "NOT", "EXISTS", "TABLE"].includes(tokens[next]?.value ?? "") && tokens[next]?.kind === "word") next++;
  return next;
}

function referenceAt(tokens: readonly Token[], from: number, written: boolean): TableReference | undefined {
  const path: string[] = [];
  let to = from;
  for (;;) {
    const token = tokens[to];
    if (token === undefined || (token.kind !== "word" && token.kind !== "quoted")) return undefined;
    if (token.value === "UNNEST" || token.value === "SELECT") return undefined;
    if (token.kind === "quoted") path.push(...token.value.split("."));
    else path.push(token.text);
    to++;
    while (tokens[to]?.value === "-" && path.length === 1 && from + path.length <= to && tokens[to + 1] !== undefined) {
      path[0] += `-${tokens[to + 1]?.text}`;
      to += 2;
    }
    if (tokens[to]?.value !== ".") break;
    to++;
  }
  if (tokens[to]?.value === "(" && !written) return undefined;
  const next = tokens[to];
  const named = next !== undefined && (next.kind === "quoted" || (next.kind === "word" && !NOT_ALIAS.has(next.value)));
  return { from, to, path, named, written };
}

function commonNames(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  tokens.forEach(({ kind, text, value }, at) => {
    if ((kind !== "word" && kind !== "quoted") || tokens[at + 1]?.value !== "AS" || tokens[at + 2]?.value !== "(")
      return;
    const before = tokens[at - 1]?.value;
    if (before === "WITH" || before === "RECURSIVE" || before === ",")
      names.add((kind === "quoted" ? value : text).toLowerCase());
  });
  return names;
}

/** The full name, with what is left out from where the query runs. undefined where no dataset is known. */
export function fullName(path: readonly string[], project: string, dataset: string | undefined): TableName | undefined {
  const parts = [...path];
  const table = parts.pop() ?? "";
  const own = parts.pop() ?? dataset;
  if (own === undefined) return undefined;
  return { project: parts.length > 0 ? parts.join(".") : project, dataset: own, table };
}
