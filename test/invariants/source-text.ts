import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

/** A file of the program. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../../src/", import.meta.url));

export const SOURCES: readonly SourceFile[] = fs
  .readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .sort()
  .map((name) => ({ name, text: fs.readFileSync(path.join(ROOT, name), "utf8") }));

const PAIRS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** The place after the string, template or bracket that begins at `at`. */
export function skip(text: string, at: number): number {
  const open = text[at] as string;
  if (open === '"' || open === "'") {
    for (let i = at + 1; i < text.length; i++) {
      if (text[i] === "\\") i++;
      else if (text[i] === open) return i + 1;
    }
  } else if (open === "`") {
    for (let i = at + 1; i < text.length; i++) {
      if (text[i] === "\\") i++;
      else if (text.startsWith("${", i)) i = skip(text, i + 1) - 1;
      else if (text[i] === "`") return i + 1;
    }
  } else {
    for (let i = at + 1; i < text.length; i++) {
      if (text.startsWith("//", i)) i = text.indexOf("\n", i);
      else if (text.startsWith("/*", i)) i = text.indexOf("*/", i) + 1;
      else if (text[i] === PAIRS[open]) return i + 1;
      else if ("\"'`([{".includes(text[i] as string)) i = skip(text, i) - 1;
    }
  }
  return assert.fail(`${open} is never closed: ${text.slice(at, at + 80)}`);
}

/** Pieces of an expression between separators that lie in no bracket and no string. */
export function split(text: string, separator: RegExp): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; ) {
    const found = new RegExp(separator.source, "y");
    found.lastIndex = i;
    const match = found.exec(text);
    if (match) {
      pieces.push(text.slice(from, i));
      i += match[0].length;
      from = i;
    } else i = "\"'`([{".includes(text[i] as string) ? skip(text, i) : i + 1;
  }
  return [...pieces, text.slice(from)].map((piece) => piece.trim()).filter((piece) => piece !== "");
}

/** The expression that begins at `at`, to the end of its statement. */
export function expressionAt(text: string, at: number): string {
  let i = at;
  while (i < text.length && text[i] !== ";" && text[i] !== "}") {
    i = "\"'`([{".includes(text[i] as string) ? skip(text, i) : i + 1;
  }
  return text.slice(at, i).trim();
}
