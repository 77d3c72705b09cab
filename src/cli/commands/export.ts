import * as path from "node:path";
import { UsageError } from "../../core/errors.ts";
import { parseSymbol } from "../../core/series.ts";
import { parseTable } from "../../market/tables.ts";
import { openCandlelake } from "../../open.ts";
import type { Selection } from "../../pipeline/engine.ts";
import type { ExportFormat } from "../../ports.ts";
import type { Context } from "../context.ts";
import { count, json, write } from "../output.ts";

const ENDINGS: Readonly<Record<string, ExportFormat>> = {
  ".parquet": "parquet",
  ".csv": "csv",
  ".arrow": "arrow",
  ".feather": "arrow",
};

function selectionOf(context: Context): Selection {
  const { from, to } = context.range();
  const symbol = context.text("symbol");
  const wanted = symbol && parseSymbol(symbol);
  const [step, venue] = [context.text("interval"), context.text("venue")];
  return {
    range: from === undefined && to === undefined ? undefined : { from: from ?? 0, to: to ?? Date.UTC(2200, 0, 1) },
    series: (series) =>
      (!wanted || series.symbol === wanted) && (!step || series.step === step) && (!venue || series.venue === venue),
  };
}

export async function run(context: Context): Promise<number> {
  const name = parseTable(context.args[0] as string);
  const file = context.text("output");
  if (!file) throw new UsageError("missing-output", "Where to? Add -o FILE.parquet.", "candlelake export --help");
  const format = ENDINGS[path.extname(file).toLowerCase()];
  if (!format) {
    throw new UsageError(
      "bad-output",
      `-o ${file}: its ending must be .parquet, .csv or .arrow.`,
      "candlelake export --help",
    );
  }
  const selection = selectionOf(context);
  const { engine } = await openCandlelake(context.config, context.log);
  try {
    const rows = await engine.exportTo(name, selection, file, format, context.signal);
    if (context.format === "json")
      await write(json({ command: "export", ok: true, table: name.name, file, format, rows, error: null }));
    else
      await write(`${context.config.synthetic ? "SYNTHETIC: " : ""}${count(rows, "row")} of ${name.name} in ${file}\n`);
    return 0;
  } finally {
    await engine.close();
  }
}
