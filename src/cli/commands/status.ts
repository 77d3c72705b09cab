import { EXIT } from "../../core/errors.ts";
import { iso } from "../../core/time.ts";
import { TABLE } from "../../market/tables.ts";
import { openCandlelake } from "../../open.ts";
import type { Foreign } from "../../pipeline/foreign.ts";
import type { SeriesStatus } from "../../pipeline/status.ts";
import { changedJson, complainOfChanged } from "../changed.ts";
import type { Context } from "../context.ts";
import { complainOfGone, goneJson } from "../gone.ts";
import { few } from "../named.ts";
import { csv, json, ndjson, SYNTHETIC, shortTime, table, write } from "../output.ts";

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
  damaged: status.damaged.map((error) => error.message),
});

const COLUMNS = [
  "table",
  "venue",
  "market",
  "symbol",
  "interval",
  "from",
  "to",
  "watermark",
  "partitions",
  "rows",
  "bytes",
  "gaps",
  "uploaded",
  "loaded",
  "damaged",
];

/** `exchange-halt 12, unknown 1`: missing rows by class. */
function gapText(status: SeriesStatus): string {
  const groups = Map.groupBy(status.gaps, (gap) => gap.class);
  return [...groups]
    .map(([kind, gaps]) => `${kind} ${gaps.reduce((sum, gap) => sum + Math.max(1, gap.bars), 0)}`)
    .join(", ");
}

/** Of objects that differ in the same way some are named: an old pipeline's are as many as it had days. */
function sayForeign(context: Context, foreign: readonly Foreign[]): void {
  for (const [difference, all] of Map.groupBy(foreign, (one) => one.difference)) {
    const { named, more } = few(all);
    for (const { uri, next } of named)
      context.say(`${uri}: ${difference}: it is never loaded and never overwritten.\n  next: ${next}`);
    if (more > 0)
      context.say(`${more} more: ${difference}.\n  next: ${context.next("candlelake status --format json")}`);
  }
}

export async function run(context: Context): Promise<number> {
  const { engine } = openCandlelake(context.config, context.log);
  try {
    const { series: all, foreign, foreignTables, gone, changed } = await engine.survey(context.signal);
    const hasBucket = context.config.bucket !== undefined;
    sayForeign(context, foreign);
    for (const { detail } of foreignTables) context.complain(detail, "WARNING");
    const rows = all.map(seriesJson);
    const damages = all.flatMap((status) => status.damaged);
    const [damage] = damages;
    for (const { detail } of damages) context.complain(detail);
    complainOfGone(context, gone);
    complainOfChanged(context, changed);
    switch (context.format) {
      case "json":
        await write(
          json({
            command: "status",
            ok: !damage,
            series: rows,
            ...(hasBucket ? { foreign } : {}),
            ...(foreignTables.length > 0
              ? { foreignTables: foreignTables.map(({ detail }) => context.detail(detail)) }
              : {}),
            ...goneJson(context, gone),
            ...changedJson(context, changed),
            error: damage ? context.detail(damage.detail) : null,
          }),
        );
        break;
      case "csv":
        await write(csv(rows, COLUMNS));
        break;
      case "ndjson":
        await write(ndjson(rows));
        break;
      case "text":
        await write(text(context, all));
    }
    return damage?.exitCode ?? EXIT.ok;
  } finally {
    await engine.close();
  }
}

function text(context: Context, all: readonly SeriesStatus[]): string {
  const { config } = context;
  const mark = config.synthetic ? SYNTHETIC : "";
  if (all.length === 0) {
    const first = config.series.length > 0 ? "" : `${context.next("candlelake init")}, then `;
    return `${mark}The lake in ${config.data} is empty. Next: ${first}${context.next("candlelake run")}\n`;
  }
  const hasBucket = config.bucket !== undefined;
  const uploaded = hasBucket ? ["uploaded"] : [];
  const header = ["table", "series", "from", "complete to", "partitions", "rows", ...uploaded, "loaded", "missing"];
  const rows = all.map((status) => [
    status.table,
    [status.series.venue, status.series.symbol, status.series.step ?? ""].join(" ").trim(),
    shortTime(status.from),
    shortTime(status.watermark),
    status.partitions,
    status.rows,
    ...(hasBucket ? [status.uploaded] : []),
    TABLE[status.table].loaded ? status.loaded : null,
    gapText(status),
  ]);
  return mark + table(header, rows);
}
