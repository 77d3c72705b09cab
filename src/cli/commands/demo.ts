import * as path from "node:path";
import { type Config, resolveConfig } from "../../config.ts";
import { AppError, EXIT } from "../../core/errors.ts";
import { shellWord } from "../../core/shell.ts";
import { DAY, dayOf } from "../../core/time.ts";
import { DEFAULT_ENDPOINTS } from "../../endpoints.ts";
import { type Candlelake, openCandlelake } from "../../open.ts";
import type { Request } from "../../pipeline/engine.ts";
import { exitCodeOf } from "../../pipeline/exit-code.ts";
import type { Wish } from "../../pipeline/wish.ts";
import type { Context } from "../context.ts";
import { count, json, SYNTHETIC, table, write } from "../output.ts";
import { sparkline } from "../sparkline.ts";
import { complaints } from "../summary.ts";

const FOLDER = "candlelake-demo";
const PATIENCE = 5_000;
const DAYS = 7;
const SPOT = { venue: "binance-us", market: "spot" } as const;
const FUTURES = { venue: "binance", market: "um" } as const;

const LATEST = `SELECT open_time, open, high, low, close, volume
  FROM spot_klines ORDER BY open_time DESC LIMIT 5`;
const CLOSES = "SELECT close FROM spot_klines ORDER BY open_time DESC LIMIT 60";
const METRICS = `SELECT open_time, close, funding_rate, open_interest
  FROM futures_metrics ORDER BY open_time DESC LIMIT 3`;
const DAILY =
  "SELECT date_trunc('day', open_time) AS day, max(high) AS high FROM spot_klines GROUP BY day ORDER BY day";

interface Answered {
  readonly market: "spot" | "um";
  readonly venue: Wish["venue"];
  /** The venue's clock, or why there is none. */
  readonly now: number | string;
}

/** Which venues answer, within the patience that a first look deserves. */
async function ask({ ports }: Candlelake, signal: AbortSignal): Promise<readonly Answered[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const one = async ({ venue, market }: typeof SPOT | typeof FUTURES): Promise<Answered> => {
    const source = await ports.source(venue, market);
    try {
      return { market, venue, now: await source.now(limit) };
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      const isSlow = error.code === "interrupted";
      const why = isSlow ? `${source.host} gave no answer within ${PATIENCE / 1000} s.` : error.message;
      return { market, venue, now: why };
    }
  };
  return Promise.all([one(SPOT), one(FUTURES)]);
}

/** The demo's world is its own: no setting leads it to the user's lake or warehouse. */
function worldOf(context: Context): Config {
  const data = context.text("data") ?? FOLDER;
  const warehouse = context.text("warehouse") ?? `duckdb:${path.join(data, "candlelake.duckdb")}`;
  const synthetic = context.flag("synthetic") || undefined;
  return resolveConfig({ config: context.text("config"), data, warehouse, synthetic }, process.env).config;
}

function requestOf(answered: readonly Answered[]): Request {
  const wishes = answered.flatMap(({ market, venue, now }): Wish[] => {
    if (typeof now !== "number") return [];
    const from = Math.floor(now / DAY) * DAY - DAYS * DAY;
    const topic = market === "spot" ? "spot" : "futures";
    const series = { topic, venue, symbol: "BTCUSDT", interval: "1h", period: "5m" } as const;
    return [{ ...series, from, to: undefined, force: false, choice: "rest" }];
  });
  return { wishes, load: { topic: undefined, range: undefined } };
}

interface Shown {
  readonly sql: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

async function look({ engine }: Candlelake, sql: string, signal: AbortSignal): Promise<Shown> {
  const { columns, batches } = await engine.query(sql, signal);
  const rows: (readonly unknown[])[] = [];
  for await (const batch of batches) rows.push(...batch);
  return { sql, columns: columns.map((column) => column.name), rows };
}

interface Round {
  readonly steps: number;
  readonly rows: number;
  readonly loaded: number;
  readonly bytes: number;
  readonly exit: number;
}

async function round(context: Context, candlelake: Candlelake, request: Request): Promise<Round> {
  const applied = await candlelake.engine.apply(
    request,
    "candlelake demo",
    {
      planned: (plan) => context.progress.start(plan.steps.length),
      settled: (outcome) => context.progress.step(outcome.step.table),
    },
    context.signal,
  );
  context.progress.clear();
  if (applied.fatal) throw applied.fatal;
  for (const complaint of complaints(applied.outcomes)) context.complain(complaint);
  const done = applied.outcomes.filter((outcome) => outcome.status === "done");
  const made = done.filter((outcome) => outcome.step.action !== "load");
  return {
    steps: done.length,
    rows: made.reduce((sum, outcome) => sum + outcome.rows, 0),
    loaded: done.reduce((sum, outcome) => sum + (outcome.step.action === "load" ? outcome.rows : 0), 0),
    bytes: made.reduce((sum, outcome) => sum + outcome.bytes, 0),
    exit: exitCodeOf(applied),
  };
}

/** From nothing to a first query; in the real world where a venue answers, in the made one where none does. */
export async function run(context: Context): Promise<number> {
  const config = worldOf(context);
  const reasons: string[] = [];
  const exit = await attempt(context, config, reasons);
  if (exit !== undefined) return exit;
  context.say("No venue serves us here: going on with made data. Every table below is SYNTHETIC.");
  // A stand-in that does not answer is no help either: the generator needs no network.
  const made: Config = { ...config, synthetic: true, endpoints: DEFAULT_ENDPOINTS };
  return (await attempt(context, made, reasons)) ?? EXIT.environment;
}

/** The demo in one world; undefined where no venue serves it, and then `reasons` say why. */
async function attempt(context: Context, config: Config, reasons: string[]): Promise<number | undefined> {
  const candlelake = openCandlelake(config, context.log);
  try {
    const answered = await ask(candlelake, context.signal);
    for (const { now } of answered) {
      if (typeof now === "number") continue;
      reasons.push(now);
      context.say(now);
    }
    const request = requestOf(answered);
    if (request.wishes.length === 0) return undefined;
    const first = await round(context, candlelake, request);
    if (first.exit !== EXIT.ok && first.steps === 0) return undefined;
    return await show(context, config, candlelake, request, first, reasons);
  } finally {
    await candlelake.engine.close();
  }
}

/** Commands that work as they stand, in this folder and without what did not answer. */
function nextCommands(context: Context, { data, warehouse, synthetic, endpoints }: Config): string[] {
  const file = context.text("config");
  const usual = resolveConfig({ config: file, data, synthetic }, process.env).config;
  const flags = [
    ...(file ? [`--config ${shellWord(file)}`] : []),
    `--data ${shellWord(data)}`,
    ...(usual.warehouse === warehouse ? [] : [`--warehouse ${shellWord(warehouse)}`]),
    ...(synthetic ? ["--synthetic"] : []),
  ].join(" ");
  const canAsk = usual.endpoints["binance-us-rest"] === endpoints["binance-us-rest"];
  return [
    `candlelake status ${flags}`,
    `candlelake query "${DAILY}" ${flags}`,
    canAsk
      ? `candlelake ingest spot --symbol ETHUSDT --interval 1h --from ${dayOf(Date.now() - 30 * DAY)} ${flags}`
      : `candlelake export spot_klines -o ${shellWord(path.join(data, "btcusdt.csv"))} ${flags}`,
  ];
}

async function show(
  context: Context,
  config: Config,
  candlelake: Candlelake,
  request: Request,
  first: Round,
  reasons: readonly string[],
): Promise<number> {
  const has = (topic: Wish["topic"]) => request.wishes.some((wish) => wish.topic === topic);
  const statements = [...(has("spot") ? [LATEST] : []), ...(has("futures") ? [METRICS] : [])];
  const tables: Shown[] = [];
  for (const sql of statements) tables.push(await look(candlelake, sql, context.signal));
  const closes = has("spot")
    ? (await look(candlelake, CLOSES, context.signal)).rows.map(([close]) => Number(close))
    : [];
  const second = await round(context, candlelake, request);
  const { data, synthetic } = config;
  const next = nextCommands(context, config);
  if (context.format === "json") {
    const ok = first.exit === EXIT.ok;
    await write(json({ command: "demo", ok, synthetic, data, reasons, first, second, tables, next, error: null }));
    return first.exit;
  }
  const mark = synthetic ? SYNTHETIC : "";
  const written = `${count(first.rows, "row")} written, ${count(first.loaded, "row")} loaded`;
  const idle = second.steps === 0 ? "nothing to do" : count(second.steps, "step");
  const spark = `close, the last ${count(closes.length, "hour")}  ${sparkline(closes.toReversed())}`;
  await write(
    [
      `1. Into the lake (${data}) and the warehouse: ${written}.`,
      "2. A first look.",
      ...tables
        .filter(({ rows }) => rows.length > 0)
        .map(({ sql, columns, rows }) => `${mark}${sql}\n\n${table(columns, rows).trimEnd()}`),
      ...(closes.length > 1 ? [mark + spark] : []),
      `3. The same again: ${idle}, ${count(second.rows, "row")}, ${count(second.bytes, "byte")}.`,
      `Try next:\n${next.map((line) => `  ${line}\n`).join("")}`,
    ].join("\n\n"),
  );
  return first.exit;
}
