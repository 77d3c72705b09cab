import { identifier, literal } from "./duck.ts";
import { Failure, unserved } from "./failure.ts";
import { BEFORE_PARENTHESIS, FUNCTIONS } from "./functions.ts";
import { syntaxError, type Token } from "./tokens.ts";

/** What a statement's words stand for besides themselves. */
export interface Meaning {
  /** SQL of a query parameter, `@name` or `?`. @throws Failure */
  readonly parameter: (name: string) => string;
}

/** Types as DuckDB names them. */
const TYPES: Readonly<Record<string, string>> = {
  INT64: "BIGINT",
  FLOAT64: "DOUBLE",
  STRING: "VARCHAR",
  BYTES: "BLOB",
  BOOL: "BOOLEAN",
  NUMERIC: "DECIMAL(38,9)",
  BIGNUMERIC: "DECIMAL(38,18)",
  DATETIME: "TIMESTAMP",
  TIMESTAMP: "TIMESTAMPTZ",
};

const UNITS = new Set("MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY ISOWEEK MONTH QUARTER YEAR".split(" "));
const TAKES_UNIT = /^(TIMESTAMP|DATE|DATETIME)_(TRUNC|DIFF)$/;
const PATTERNED = /^(FORMAT|PARSE)_(TIMESTAMP|DATE|DATETIME)$/;
const SUNDAYS = new Set(["WEEK", "DAYOFWEEK"]);

/** One token of GoogleSQL as DuckDB reads it, by its neighbours. @throws Failure */
export function translated(tokens: readonly Token[], at: number, meaning: Meaning): string {
  const token = tokens[at];
  if (token === undefined) return "";
  switch (token.kind) {
    case "quoted":
      return token.value.split(".").map(identifier).join(".");
    case "string": {
      const text = PATTERNED.test(tokens[at - 2]?.value ?? "") ? pattern(token.value) : token.value;
      return /^r?b/i.test(token.text) ? `encode(${literal(text)})` : literal(text);
    }
    case "number":
      // GoogleSQL's fractions are doubles, DuckDB's are decimals.
      return /^[\d.]*\.[\d.]*$/.test(token.text) ? `${token.text}e0` : token.text;
    case "symbol":
      return token.text === "?" ? meaning.parameter("?") : token.text;
    default:
      return word(token, tokens, at, meaning);
  }
}

function word({ text, value }: Token, tokens: readonly Token[], at: number, meaning: Meaning): string {
  const before = tokens[at - 1]?.value;
  const next = tokens[at + 1];
  if (text.startsWith("@")) return meaning.parameter(text.slice(1));
  if (before === ".") return identifier(text);
  if (value === "INTERVAL") return interval(next);
  if (before === "INTERVAL") return `(${text})`;
  if (value === "CURRENT_TIMESTAMP" || value === "CURRENT_DATE") {
    return `bq_${value.toLowerCase()}${next?.value === "(" ? "" : "()"}`;
  }
  if (next?.value === "(" && !(value === "EXCEPT" && before === "*")) return call(tokens, at, before);
  if (value === "EXCEPT" && before === "*") return "EXCLUDE";
  if (SUNDAYS.has(value) && (next?.value === "FROM" || isUnitArgument(tokens, at)))
    throw unserved(`The date part ${value}`);
  if (UNITS.has(value) && isUnitArgument(tokens, at)) return literal(value.replace("ISO", ""));
  return (isType(tokens, at) ? TYPES[value] : undefined) ?? text;
}

/** A pattern of time in DuckDB's letters. */
const pattern = (text: string): string =>
  text
    .replaceAll("%F", "%Y-%m-%d")
    .replaceAll("%T", "%H:%M:%S")
    .replaceAll("%E3S", "%S.%g")
    .replaceAll("%E6S", "%S.%f");

/** `interval` is a reserved word: it begins a span of time and is no name without its quotes. */
function interval(next: Token | undefined): string {
  const begins = next !== undefined && (next.kind !== "symbol" || ["(", "-", "?"].includes(next.value));
  if (
    !begins ||
    (next.kind === "word" && ["FROM", "AS", "ASC", "DESC", "IN", "IS", "AND", "OR"].includes(next.value))
  ) {
    throw syntaxError(`Unexpected keyword INTERVAL`);
  }
  return "INTERVAL";
}

function call(tokens: readonly Token[], at: number, before: string | undefined): string {
  const { text, value } = tokens[at] ?? { text: "", value: "" };
  // A type with parameters: `CAST(x AS NUMERIC(10, 2))`.
  if (isType(tokens, at)) return TYPES[value]?.replace(/\(.*/, "") ?? text;
  // `x IN UNNEST(list)` is DuckDB's `x IN list`, where a parenthesis would make it a list of lists.
  if (value === "UNNEST" && before === "IN") return "bq_list";
  const served = FUNCTIONS.get(value);
  if (served !== undefined) return served;
  if (BEFORE_PARENTHESIS.has(value)) return text;
  // A table whose columns are listed, or a name that WITH or WINDOW gives.
  if (["INTO", ".", "WITH", "RECURSIVE", "OVER", "WINDOW"].includes(before ?? "")) return text;
  throw new Failure("invalidQuery", `Function not found, or not served by this stand-in: ${text}`);
}

/** `TIMESTAMP_TRUNC(ts, MONTH)` takes a word where DuckDB takes a text. */
const isUnitArgument = (tokens: readonly Token[], at: number): boolean =>
  tokens[at - 1]?.value === "," &&
  [")", ","].includes(tokens[at + 1]?.value ?? "") &&
  TAKES_UNIT.test(enclosing(tokens, at));

/** Names of types are names like any others but before a literal and in a cast. */
const isType = (tokens: readonly Token[], at: number): boolean =>
  tokens[at + 1]?.kind === "string" || (tokens[at - 1]?.value === "AS" && /^(SAFE_)?CAST$/.test(enclosing(tokens, at)));

/** The word before the parenthesis in which a token stands. */
function enclosing(tokens: readonly Token[], at: number): string {
  let depth = 0;
  for (let back = at - 1; back >= 0; back--) {
    const { value } = tokens[back] ?? { value: "" };
    if (value === ")") depth++;
    if (value === "(" && depth-- === 0) return tokens[back - 1]?.value ?? "";
  }
  return "";
}
