import type { AppError } from "../../core/errors.ts";
import { openCandlelake } from "../../open.ts";
import type { Leftover } from "../../pipeline/clean.ts";
import type { Context } from "../context.ts";
import { bytes, count, csv, json, ndjson, table, write } from "../output.ts";

/** More lines than this help nobody; the other formats have them all. */
const SHOWN = 20;

function shownText(found: readonly Leftover[], isSure: boolean): string {
  if (found.length === 0) return `Nothing to clean: every file ${isSure ? "is" : "may be"} referred to.\n`;
  const shown = found.slice(0, SHOWN).map(({ key, bytes: size, why }) => [key, bytes(size), why]);
  const more = found.length > SHOWN ? `… and ${found.length - SHOWN} more.\n` : "";
  return table(["file", "size", "why"], shown) + more;
}

export async function run(context: Context): Promise<number> {
  const dryRun = context.flag("dry-run");
  const { engine } = openCandlelake(context.config, context.log);
  try {
    const show = async (found: readonly Leftover[], damaged: readonly AppError[]) => {
      for (const { detail } of damaged)
        context.complain({ ...detail, message: `Its files stay: ${detail.message}` }, "WARNING");
      if (context.format === "text") await write(shownText(found, damaged.length === 0));
    };
    const found = await engine.clean(dryRun, show, context.signal);
    const files = found.map(({ key, bytes: size, why }) => ({ path: key, bytes: size, reason: why }));
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    switch (context.format) {
      case "json": {
        const totals = { files: files.length, bytes: total };
        await write(json({ command: "clean", ok: true, removed: !dryRun, files, totals, error: null }));
        break;
      }
      case "csv":
        await write(csv(files, ["path", "bytes", "reason"]));
        break;
      case "ndjson":
        await write(ndjson(files));
        break;
      case "text":
        if (files.length > 0)
          await write(`${count(files.length, "file")}, ${bytes(total)}: ${dryRun ? "would be removed" : "removed"}.\n`);
    }
    return 0;
  } finally {
    await engine.close();
  }
}
