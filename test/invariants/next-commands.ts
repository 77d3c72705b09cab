import assert from "node:assert/strict";
import { expressionAt, SOURCES, type SourceFile, skip, split } from "./source-text.ts";

/** Where an error is made, and the next commands that it may name. */
export interface ErrorSite {
  readonly where: string;
  readonly message: string;
  /** Empty where the error hands on another's next command. */
  readonly nexts: readonly string[];
}

const NEW_ERROR = /\bnew (?:App|Usage|Data|Source|Store|Warehouse)Error\(/g;

/** Words that stand for what is only known at run time, by what the expression speaks of. */
const WORDS: readonly (readonly [about: RegExp, word: string])[] = [
  // One of several endings: any of them may be empty.
  [/^\w+\[\w+\]$/, ""],
  [/^made \? ingest/, "spot --symbol BTCUSDT"],
  [/^flags$/, " --force"],
  [/^more$|^inputFlags/, ""],
  [/\.named$/, "--project my-project"],
  [/bucket\.name/, "my-data"],
  [/location/, "us-central1"],
  [/\buri, generation\b/, "'gs://my-data/raw/object.parquet#1'"],
  [/\buri\b/, "gs://my-data/raw/object.parquet"],
  [/topic|market/i, "spot"],
  [/venue/i, "binance"],
  [/command|line\.|spec\.name/i, "ingest"],
  [/date|day|from|month|range|iso/i, "2025-01-01"],
  [/interval|step|period/i, "1h"],
];

const plausible = (expression: string): string => WORDS.find(([about]) => about.test(expression))?.[1] ?? "BTCUSDT";

/** What a name stands for in a file, or in the one that it comes from: a constant, a function's answers, a getter's. */
function definitions(name: string, file: SourceFile): { expression: string; file: SourceFile }[] {
  const { text } = file;
  const constant = new RegExp(`\\bconst ${name}(?:: [^=]+)? = (\\()?`).exec(text);
  if (constant) {
    const from = constant.index + constant[0].length;
    if (!constant[1]) return [{ expression: expressionAt(text, from), file }];
    const arrow = text.indexOf("=>", skip(text, from - 1)) + 2;
    return [{ expression: expressionAt(text, arrow), file }];
  }
  const head = new RegExp(`\\b(?:function|get) ${name}\\(`).exec(text);
  if (head) {
    const from = text.indexOf("{\n", skip(text, head.index + head[0].length - 1));
    const body = text.slice(from, skip(text, from));
    const answers = [...body.matchAll(/\breturn /g)];
    return answers.map((match) => ({ expression: expressionAt(body, match.index + match[0].length), file }));
  }
  const imported = new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`).exec(text)?.[1];
  const source = imported && SOURCES.find((one) => one.name.endsWith(imported.replace(/^(?:\.\.?\/)+/, "")));
  return source && source !== file ? definitions(name, source) : [];
}

/** A getter may be another class's: `{ elsewhere } = await this.file()`. */
const getters = (name: string): { expression: string; file: SourceFile }[] =>
  SOURCES.filter((file) => new RegExp(`\\bget ${name}\\(`).test(file.text)).flatMap((file) => definitions(name, file));

const product = (lists: readonly (readonly string[])[]): string[] =>
  lists.reduce<string[]>((all, list) => all.flatMap((head) => list.map((tail) => head + tail)), [""]);

function template(text: string, file: SourceFile): string[] {
  const parts: string[][] = [];
  let from = 1;
  for (let i = 1; i < text.length - 1; i++) {
    if (!text.startsWith("${", i)) continue;
    const end = skip(text, i + 1);
    parts.push([text.slice(from, i)]);
    const inner = text.slice(i + 2, end - 1).trim();
    const known = candidates(inner, file);
    parts.push(known && known.length > 0 ? known : [plausible(inner)]);
    from = end;
    i = end - 1;
  }
  return product([...parts, [text.slice(from, -1)]]);
}

/** The texts that an expression may give; undefined where that cannot be told. */
function candidates(expression: string, file: SourceFile): string[] | undefined {
  const text = expression.trim().replace(/\.trim\(\)$/, "");
  if (/^'/.test(text) && skip(text, 0) === text.length) return [text.slice(1, -1).replaceAll("\\'", "'")];
  if (/^"/.test(text) && skip(text, 0) === text.length) return [JSON.parse(text) as string];
  if (/^`/.test(text) && skip(text, 0) === text.length) return template(text, file);
  if (/^\(/.test(text) && skip(text, 0) === text.length) return candidates(text.slice(1, -1), file);
  const [, ...branches] = split(text, / \? /);
  if (branches.length > 0) {
    const all = split(branches.join(" ? "), / : /).map((branch) => candidates(branch, file));
    return all.includes(undefined) ? undefined : all.flatMap((list) => list ?? []);
  }
  // Another error's next command is that error's business.
  if (/(?:^|\.)next$/.test(text) && text.includes(".")) return [];
  const name = /^(?:this\.)?(\w+)(?:\(|$)/.exec(text)?.[1];
  const found = name ? definitions(name, file) : [];
  const all = (found.length > 0 || !name ? found : getters(name)).map((one) => candidates(one.expression, one.file));
  return all.length === 0 || all.includes(undefined) ? undefined : all.flatMap((list) => list ?? []);
}

/** Next commands that are written down as members: of answers, and of errors that are put together by hand. */
export function nextMembers(): ErrorSite[] {
  return SOURCES.flatMap((file) =>
    [...file.text.matchAll(/\bnext: (?=["'`])/g)].map((match) => {
      const from = match.index + match[0].length;
      const where = `${file.name}:${file.text.slice(0, match.index).split("\n").length}`;
      const nexts = candidates(file.text.slice(from, skip(file.text, from)), file);
      assert.ok(nexts, `${where}: the next command cannot be read`);
      return { where, message: "next", nexts };
    }),
  );
}

/** Every place in the program where an expected error is made. Fails where one cannot be read. */
export function errorSites(): ErrorSite[] {
  return SOURCES.flatMap((file) =>
    [...file.text.matchAll(NEW_ERROR)].map((match) => {
      const from = match.index + match[0].length - 1;
      const [, message = "", next = ""] = split(file.text.slice(from + 1, skip(file.text, from) - 1), /,/);
      const where = `${file.name}:${file.text.slice(0, match.index).split("\n").length}`;
      const handsOn = next === "" && message.includes(".detail");
      const nexts = handsOn ? [] : candidates(next, file);
      assert.ok(nexts, `${where}: the next command ${next} cannot be read`);
      return { where, message, nexts };
    }),
  );
}
