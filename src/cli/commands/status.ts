import { EXIT } from "../../core/errors.ts";
import { iso } from "../../core/time.ts";
import { openCandlelake } from "../../open.ts";
import type { SeriesStatus } from "../../pipeline/status.ts";
import type { Context } from "../context.ts";
import { csv, json, ndjson, table, write } from "../output.ts";

const time = (value: number | null): string | null => (value === null ? null : iso(value));

const seriesJson = (status: SeriesStatus) => ({
  table: status.table,
  venue: status.series.venue,
  market: status.series.market,
  symbol: status.series.symbol,
  interval: status.series.step ?? null,
  from: time(status.from),
  to: time(status.to),
  watermark: time(status.watermark),
  partitions: status.partitions,
  rows: status.rows,
  bytes: status.bytes,
  gaps: status.gaps.map((gap) => ({ from: iso(gap.from), to: iso(gap.to), class: gap.class, bars: gap.bars })),
  uploaded: status.uploaded,
  loaded: status.loaded,
  damaged: status.damaged,
});

/** `exchange-halt 12, unknown 1`: missing rows by class. */
function gapText(status: SeriesStatus): string {
  const groups = Map.groupBy(status.gaps, (gap) => gap.class);
  return [...groups]
    .map(([kind, gaps]) => `${kind} ${gaps.reduce((sum, gap) => sum + Math.max(1, gap.bars), 0)}`)
    .join(", ");
}

export async function run(context: Context): Promise<number> {
  const { engine } = await openCandlelake(context.config, context.log);
  try {
    const all = await engine.status();
    const rows = all.map(seriesJson);
    const damaged = all.flatMap((status) => status.damaged);
    const ok = damaged.length === 0;
    const error = ok ? null : { code: "bad-manifest", message: damaged[0] as string, next: "candlelake status" };
    switch (context.format) {
      case "json":
        await write(json({ command: "status", ok, series: rows, error }));
        break;
      case "csv":
        await write(csv(rows.map((row) => ({ ...row, gaps: JSON.stringify(row.gaps), damaged: row.damaged.length }))));
        break;
      case "ndjson":
        await write(ndjson(rows));
        break;
      case "text":
        await write(text(context, all));
    }
    for (const message of damaged) context.say(message);
    return ok ? EXIT.ok : EXIT.data;
  } finally {
    await engine.close();
  }
}

function text(context: Context, all: readonly SeriesStatus[]): string {
  const made = context.config.synthetic ? "SYNTHETIC: made data, no market.\n" : "";
  if (all.length === 0)
    return `${made}The lake in ${context.config.data} is empty. Next: candlelake init, then candlelake run\n`;
  const header = ["table", "series", "from", "watermark", "partitions", "rows", "loaded", "missing"];
  const rows = all.map((status) => [
    status.table,
    [status.series.venue, status.series.symbol, status.series.step ?? ""].join(" ").trim(),
    time(status.from),
    time(status.watermark),
    status.partitions,
    status.rows,
    status.loaded,
    gapText(status),
  ]);
  return made + table(header, rows);
}
