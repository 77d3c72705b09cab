import * as fs from "node:fs";
import * as path from "node:path";
import { CONFIG_FILE, CONFIG_SCHEMA_FILE } from "../../config.ts";
import { CONFIG_SCHEMA } from "../../config-schema.ts";
import { diskCause } from "../../core/disk.ts";
import { StoreError } from "../../core/errors.ts";
import { shellWord } from "../../core/shell.ts";
import { DAY, dayOf } from "../../core/time.ts";
import type { Context } from "../context.ts";
import { json, write } from "../output.ts";

/** A month of history is a start that takes seconds. */
const BEGINNING = 30 * DAY;

/** Writes a file that is not there yet; returns whether it did. */
function writeNew(file: string, value: unknown): boolean {
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, "wx");
    fs.writeFileSync(fd, json(value));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // Half a file would be taken for the whole next time.
    if (fd !== undefined) fs.rmSync(file, { force: true });
    const cause = code === "ENOENT" ? "its folder does not exist" : diskCause(error)?.cause;
    if (!cause) throw error;
    throw new StoreError("not-writable", `${file} cannot be written: ${cause}.`, "candlelake init --help", {
      cause: error,
    });
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

export async function run(context: Context): Promise<number> {
  const file = context.text("config") ?? CONFIG_FILE;
  const schemaFile = path.join(path.dirname(file), CONFIG_SCHEMA_FILE);
  const from = dayOf(Date.now() - BEGINNING);
  const series = { symbol: "BTCUSDT", interval: "1h", from };
  const isNew = writeNew(file, {
    $schema: `./${CONFIG_SCHEMA_FILE}`,
    data: context.text("data") ?? "data",
    ...(context.text("bucket") ? { bucket: context.text("bucket") } : {}),
    ...(context.text("warehouse") ? { warehouse: context.text("warehouse") } : {}),
    ...(context.flag("synthetic") ? { synthetic: true } : {}),
    series: [
      { market: "spot", venue: "binance-us", ...series },
      { market: "futures", venue: "binance", ...series },
    ],
  });
  const files = [
    { name: file, isNew },
    { name: schemaFile, isNew: writeNew(schemaFile, CONFIG_SCHEMA) },
  ];
  const named = (wanted: boolean) => files.filter((one) => one.isNew === wanted).map((one) => one.name);
  const answer = { command: "init", ok: true, created: named(true), exists: named(false), error: null };
  if (context.format === "json") await write(json(answer));
  else if (isNew) await write(`Wrote ${file}. Next: ${next(context, "candlelake run")}\n`);
  else await write(`${file} is there already and was left alone. Next: ${next(context, "candlelake config")}\n`);
  return 0;
}

/** What was written into the file need not be said again. */
const next = (context: Context, command: string): string =>
  context.text("config") ? `${command} --config ${shellWord(context.text("config") as string)}` : command;
