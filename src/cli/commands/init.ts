import * as fs from "node:fs";
import { CONFIG_FILE, CONFIG_SCHEMA, CONFIG_SCHEMA_FILE } from "../../config.ts";
import { StoreError } from "../../core/errors.ts";
import { DAY, dayOf } from "../../core/time.ts";
import type { Context } from "../context.ts";
import { json, write } from "../output.ts";

/** A month of history is a start that takes seconds. */
const BEGINNING = 30 * DAY;

function writeNew(file: string, value: unknown): boolean {
  try {
    fs.writeFileSync(file, json(value), { flag: "wx" });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new StoreError("not-writable", `${file} cannot be written: ${code}.`, "candlelake config", { cause: error });
  }
}

export async function run(context: Context): Promise<number> {
  const file = context.text("config") ?? CONFIG_FILE;
  const from = dayOf(Date.now() - BEGINNING);
  const series = { symbol: "BTCUSDT", interval: "1h", from };
  const created = writeNew(file, {
    $schema: `./${CONFIG_SCHEMA_FILE}`,
    data: "data",
    series: [
      { market: "spot", venue: "binance-us", ...series },
      { market: "futures", venue: "binance", ...series },
    ],
  });
  writeNew(CONFIG_SCHEMA_FILE, CONFIG_SCHEMA);
  if (context.format === "json") {
    await write(
      json({ command: "init", ok: true, created: created ? [file] : [], exists: created ? [] : [file], error: null }),
    );
  } else {
    await write(created ? `Wrote ${file}. Next: candlelake run\n` : `${file} is there already and was left alone.\n`);
  }
  return 0;
}
