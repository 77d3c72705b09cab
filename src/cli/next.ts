import type { ErrorDetail } from "../core/errors.ts";
import { shellWord } from "../core/shell.ts";
import type { CommandLine } from "./options.ts";

/** Settings that decide which lake and warehouse a command works on. */
const SETTINGS = ["config", "data", "bucket", "warehouse", "project", "dataset", "location", "synthetic"];

/** Commands other than `ingest` whose own help tells how dates, symbols and the like are written. */
const TOLD_THERE = new Set(["export", "load", "twin"]);

/** A next command for the lake and warehouse that the line at hand names: its settings are said again. */
export function sameLake(next: string, { command, options }: CommandLine): string {
  if (next === "candlelake ingest --help" && TOLD_THERE.has(command)) return `candlelake ${command} --help`;
  if (!next.startsWith("candlelake ") || / --(?:help|version)$| (?:twin|completion)\b/.test(next)) return next;
  const repeated = SETTINGS.flatMap((name) => {
    const value = options.get(name);
    if (value === undefined || next.includes(` --${name}`)) return [];
    // A warehouse of BigQuery's is named by its project then.
    if (name === "warehouse" && next.includes(" --project ")) return [];
    return value === true ? [`--${name}`] : [`--${name} ${shellWord(value)}`];
  });
  return [next, ...repeated].join(" ");
}

/** What passes by itself, so that the same words lead on. */
const PASSES = new Set([
  "interrupted",
  "max-runtime",
  "rate-limited",
  "banned",
  "forbidden",
  "bucket-conflict",
  "quota-exceeded",
]);

/** The command line once more. */
export const again = (argv: readonly string[]): string => ["candlelake", ...argv].map(shellWord).join(" ");

/** An error as answers have it. */
export function detailFor({ code, message, next }: ErrorDetail, line: CommandLine): ErrorDetail {
  return { code, message, next: PASSES.has(code) ? again(line.argv) : sameLake(next, line) };
}
