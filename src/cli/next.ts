import { shellWord } from "../core/shell.ts";
import type { CommandLine } from "./options.ts";

/** Settings that decide which lake and warehouse a command works on. */
const SETTINGS = ["config", "data", "warehouse", "synthetic"];

/** A next command for the lake and warehouse that the line at hand names: its settings are said again. */
export function sameLake(next: string, { options }: Pick<CommandLine, "options">): string {
  if (/ --(?:help|version)$| (?:init|twin|completion)\b/.test(next)) return next;
  const repeated = SETTINGS.flatMap((name) => {
    const value = options.get(name);
    if (value === undefined || next.includes(` --${name}`)) return [];
    return value === true ? [`--${name}`] : [`--${name} ${shellWord(value)}`];
  });
  return [next, ...repeated].join(" ");
}
