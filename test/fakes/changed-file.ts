// A file of a twin's archive as it might have been published: other lines, and a checksum that fits.
import type { Twin } from "../../src/twin/start.ts";
import { linesOf, nameOf, sumOf } from "./archive-files.ts";
import type { Instead } from "./twin-front.ts";
import { zipOf } from "./zip.ts";

/** What a front has in the file's place. @param change of the lines without the header, if there is one */
export async function changed(twin: Twin, key: string, change: (lines: readonly string[]) => readonly string[]) {
  const name = nameOf(key);
  const all = await linesOf(twin, key);
  const header = all.slice(0, /^[a-z]/.test(all[0] ?? "") ? 1 : 0);
  const lines = [...header, ...change(all.slice(header.length))];
  const zip = zipOf([{ name: name.replace("zip", "csv"), data: lines.map((line) => `${line}\n`).join("") }]);
  return (url: string): Instead | undefined => {
    if (!url.includes(name)) return undefined;
    return { status: 200, body: url.endsWith(".CHECKSUM") ? `${sumOf(zip)}  ${name}` : zip };
  };
}
