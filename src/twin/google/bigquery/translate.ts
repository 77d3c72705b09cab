import { identifier, literal } from "./duck.ts";
import type { Token } from "./tokens.ts";

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
};

const UNITS = new Set(
  "MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK ISOWEEK MONTH QUARTER YEAR ISOYEAR".split(" "),
);
const CUT = /^(TIMESTAMP|DATE|DATETIME)_(TRUNC|DIFF)$/;

/** One token of GoogleSQL as DuckDB reads it, by its neighbours. */
export function translated(tokens: readonly Token[], at: number): string {
  const token = tokens[at];
  if (token === undefined) return "";
  const next = tokens[at + 1];
  switch (token.kind) {
    case "quoted":
      return token.value.split(".").map(identifier).join(".");
    case "string":
      return literal(token.value);
    case "word":
      return word(token, next, tokens, at);
    default:
      return token.text;
  }
}

function word({ text, value }: Token, next: Token | undefined, tokens: readonly Token[], at: number): string {
  if (tokens[at - 1]?.value === ".") return identifier(text);
  const calls = next?.value === "(";
  if (value === "TIMESTAMP") return calls ? "bq_timestamp" : "TIMESTAMPTZ";
  if (value === "EXCEPT" && calls && tokens[at - 1]?.value === "*") return "EXCLUDE";
  if (value === "SAFE_CAST") return "TRY_CAST";
  if (value === "STRUCT" && calls) return "row";
  if (calls && value in FUNCTIONS) return FUNCTIONS[value] ?? text;
  if (UNITS.has(value) && isUnitArgument(tokens, at)) return literal(value.replace("ISOWEEK", "WEEK"));
  if (value in TYPES && !calls) return TYPES[value] ?? text;
  return text;
}

const FUNCTIONS: Readonly<Record<string, string>> = {
  IF: "if",
  DATETIME: "bq_datetime",
  STRING: "bq_string",
  DATE: "bq_date",
};

/** `TIMESTAMP_TRUNC(ts, MONTH)` takes a word where DuckDB takes a text. */
function isUnitArgument(tokens: readonly Token[], at: number): boolean {
  if (tokens[at - 1]?.value !== "," || ![")", ","].includes(tokens[at + 1]?.value ?? "")) return false;
  let depth = 0;
  for (let back = at - 1; back >= 0; back--) {
    const { value } = tokens[back] ?? { value: "" };
    if (value === ")") depth++;
    if (value === "(" && depth-- === 0) return CUT.test(tokens[back - 1]?.value ?? "");
  }
  return false;
}
