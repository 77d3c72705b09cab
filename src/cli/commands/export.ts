import * as path from "node:path";
import { UsageError } from "../../core/errors.ts";
import { INTERVALS } from "../../core/interval.ts";
import { parseSymbol, parseVenue } from "../../core/series.ts";
import { didYouMean } from "../../core/suggest.ts";
import { parseTable } from "../../market/tables.ts";
import { openCandlelake } from "../../open.ts";
import type { Selection } from "../../pipeline/selection.ts";
import type { ExportFormat } from "../../ports/warehouse.ts";
import type { Context } from "../context.ts";
import { count, csv, json, ndjson, write } from "../output.ts";

const ENDINGS: Readonly<Record<string, ExportFormat>> = {
  ".parquet": "parquet",
  ".csv": "csv",
  ".arrow": "arrow",
  ".feather": "arrow",
};

const HELP = "candlelake export --help";

/** A candle length or a period; every period is an interval too. */
function parseStep(text: string): string {
  if ((INTERVALS as readonly string[]).includes(text)) return text;
  throw new UsageError(
    "bad-interval",
    `--interval ${JSON.stringify(text)} is no interval or period${didYouMean(text, INTERVALS)} Known: ${INTERVALS.join(" ")}.`,
    HELP,
  );
}

function selectionOf(context: Context): Selection {
  const { from, to } = context.range();
  const [symbol, step, venue] = [context.text("symbol"), context.text("interval"), context.text("venue")];
  const wanted = {
    symbol: symbol && parseSymbol(symbol),
    step: step && parseStep(step),
    // Made data have one venue, whichever one's words are used to ask for them.
    venue: venue && (context.config.synthetic ? "synthetic" : parseVenue(venue)),
  };
  return {
    range: from === undefined && to === undefined ? undefined : { from: from ?? 0, to: to ?? Date.UTC(2200, 0, 1) },
    series: (series) =>
      (!wanted.symbol || series.symbol === wanted.symbol) &&
      (!wanted.step || series.step === wanted.step) &&
      (!wanted.venue || series.venue === wanted.venue),
  };
}

export async function run(context: Context): Promise<number> {
  const source = parseTable(context.args[0] as string);
  const file = context.text("output");
  if (!file) throw new UsageError("missing-output", "Where to? Add -o FILE.parquet.", HELP);
  const format = ENDINGS[path.extname(file).toLowerCase()];
  if (!format) {
    throw new UsageError("bad-output", `-o ${file}: its ending must be .parquet, .csv or .arrow.`, HELP);
  }
  const selection = selectionOf(context);
  const { engine } = openCandlelake(context.config, context.log);
  try {
    const rows = await engine.exportTo(source, selection, file, format, context.signal);
    const answer = { table: source.name, file, format, rows };
    if (context.format === "json") await write(json({ command: "export", ok: true, ...answer, error: null }));
    else if (context.format === "ndjson") await write(ndjson([answer]));
    else if (context.format === "csv") await write(csv([answer], Object.keys(answer)));
    else if (!context.flag("quiet")) {
      const mark = context.config.synthetic ? "SYNTHETIC: " : "";
      await write(`${mark}${count(rows, "row")} of ${source.name} in ${file}\n`);
    }
    return 0;
  } finally {
    await engine.close();
  }
}
