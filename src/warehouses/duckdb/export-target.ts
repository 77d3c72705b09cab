import { existsSync } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../../core/errors.ts";
import { MANIFESTS, QUARANTINE } from "../../core/layout.ts";
import { TABLES } from "../../market/tables.ts";

/** What a lake's folder holds that is the lake's alone. */
const OWN: ReadonlySet<string> = new Set([
  ...TABLES.map((table) => table.name),
  MANIFESTS,
  QUARANTINE,
  "_lock",
  "_tmp",
]);

const refuse = (why: string): UsageError => new UsageError("export-target", why, "candlelake export --help");

/** The lake whose own folders a path lies in, this one or another; undefined where it lies in none. */
function lakeOf(file: string): string | undefined {
  for (let inner = file; inner !== path.dirname(inner); inner = path.dirname(inner)) {
    const folder = path.dirname(inner);
    if (OWN.has(path.basename(inner)) && existsSync(path.join(folder, MANIFESTS))) return folder;
  }
  return undefined;
}

/** Whether a file is a database: a warehouse, whatever it is called. */
async function isDatabase(file: string): Promise<boolean> {
  const head = Buffer.alloc(12);
  const handle = await open(file, "r").catch(() => undefined);
  await handle?.read(head, 0, head.length, 0).finally(() => handle.close());
  return head.toString("latin1", 8) === "DUCK";
}

/**
 * Where an export goes, links followed.
 * @throws UsageError `export-target` where that is no place for one: a folder that is not there, a lake's own, a warehouse
 */
export async function exportTarget(name: string): Promise<string> {
  const file = path.resolve(name);
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory()) throw refuse(`${name} is a folder; name a file in it, ${path.join(name, "rows.parquet")}.`);
  const folder = await realpath(path.dirname(file)).catch(() => undefined);
  if (folder === undefined) throw refuse(`${name}: the folder ${path.dirname(name)} does not exist. Make it first.`);
  const target = there ? await realpath(file) : path.join(folder, path.basename(file));
  const lake = lakeOf(target);
  if (lake !== undefined) {
    throw refuse(`${name} lies among the files that the lake in ${lake} looks after. Name one outside of them.`);
  }
  if (there && (await isDatabase(target))) throw refuse(`${name} is a DuckDB database, and stays one.`);
  return target;
}
