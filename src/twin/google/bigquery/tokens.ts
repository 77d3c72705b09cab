import { Failure } from "./failure.ts";

export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "symbol";
  /** As written. */
  readonly text: string;
  /** What it means: a name without its quotes, a string without escapes, a word in capitals. */
  readonly value: string;
}

export const syntaxError = (message: string): Failure => new Failure("invalidQuery", `Syntax error: ${message}`);

const SPACE = /\s+|#[^\n]*|--[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING =
  /(?<prefix>[rR]?[bB]?|[bB][rR])(?:"""(?<a>[\s\S]*?)"""|'''(?<b>[\s\S]*?)'''|"(?<c>(?:[^"\\\n]|\\[\s\S])*)"|'(?<d>(?:[^'\\\n]|\\[\s\S])*)')/y;
const QUOTED = /`((?:[^`\\]|\\.)+)`/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /@{0,2}[\p{L}_][\p{L}\p{N}_]*/uy;
const SYMBOL = /<=|>=|<>|!=|\|\||<<|>>|=>|[-+*/(),.;=<>[\]?&|~]/y;

/** GoogleSQL's words. @throws Failure `invalidQuery` */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < sql.length) {
    if (take(SPACE)) continue;
    const start = at;
    const string = take(STRING);
    if (string) {
      tokens.push({ kind: "string", text: string[0], value: stringValue(string.groups ?? {}) });
      continue;
    }
    const quoted = take(QUOTED);
    if (quoted) {
      tokens.push({ kind: "quoted", text: quoted[0], value: quoted[1] ?? "" });
      continue;
    }
    const after = tokens.at(-1);
    const word = take(WORD);
    if (word) tokens.push({ kind: "word", text: word[0], value: word[0].toUpperCase() });
    else if (after?.text !== "." && take(NUMBER)) tokens.push(plain("number", sql.slice(start, at)));
    else if (take(SYMBOL)) tokens.push(plain("symbol", sql.slice(start, at)));
    else throw syntaxError(`Illegal input character "${sql[at]}"${place(sql, at)}`);
  }
  return tokens;
}

const plain = (kind: Token["kind"], text: string): Token => ({ kind, text, value: text });

/** ` at [line:column]`. */
function place(sql: string, at: number): string {
  const before = sql.slice(0, at).split("\n");
  return ` at [${before.length}:${(before.at(-1)?.length ?? 0) + 1}]`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "0": "\0",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
};

function stringValue({ prefix = "", a, b, c, d }: Record<string, string | undefined>): string {
  const body = a ?? b ?? c ?? d ?? "";
  if (/r/i.test(prefix)) return body;
  return body.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\s\S])/g, (_, code: string) =>
    /^[xu]./.test(code) ? String.fromCodePoint(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
}
