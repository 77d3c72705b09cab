import * as path from "node:path";
import { type Config, DEFAULT_ENDPOINTS, resolveConfig } from "../../config.ts";
import { AppError, EXIT } from "../../core/errors.ts";
import { DAY, iso } from "../../core/time.ts";
import { type Candlelake, openCandlelake } from "../../open.ts";
import { exitCodeOf } from "../../pipeline/apply.ts";
import type { Request } from "../../pipeline/engine.ts";
import type { Wish } from "../../pipeline/wish.ts";
import type { QueryResult } from "../../ports.ts";
import type { Context } from "../context.ts";
import { count, json, table, write } from "../output.ts";
import { sparkline } from "../sparkline.ts";

const FOLDER = "candlelake-demo";
const PATIENCE = 5_000;
const DAYS = 7;

const LATEST = `SELECT open_time, open, high, low, close, volume
  FROM spot_klines ORDER BY open_time DESC LIMIT 5`;
const CLOSES = "SELECT close FROM spot_klines ORDER BY open_time DESC LIMIT 60";
const METRICS = `SELECT open_time, close, funding_rate, open_interest
  FROM futures_metrics ORDER BY open_time DESC LIMIT 3`;

interface Answered {
  readonly market: "spot" | "um";
  readonly venue: Wish["venue"];
  /** The venue's clock, or why there is none. */
  readonly now: number | AppError;
}

/** Which venues answer, within the patience that a first look deserves. */
async function ask({ ports }: Candlelake, signal: AbortSignal): Promise<readonly Answered[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const one = async (venue: Wish["venue"], market: "spot" | "um"): Promise<Answered> => {
    try {
      return { market, venue, now: await (await ports.source(venue, market)).now(limit) };
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      return { market, venue, now: error };
    }
  };
  return Promise.all([one("binance-us", "spot"), one("binance", "um")]);
}

const worldOf = (context: Context, synthetic: boolean): Config =>
  resolveConfig(
    { data: context.text("data") ?? FOLDER, warehouse: context.text("warehouse"), synthetic: synthetic || undefined },
    process.env,
  ).config;

function requestOf(answered: readonly Answered[]): Request {
  const wishes = answered.flatMap(({ market, venue, now }): Wish[] => {
    if (typeof now !== "number") return [];
    const from = Math.floor(now / DAY) * DAY - DAYS * DAY;
    const topic = market === "spot" ? "spot" : "futures";
    return [{ topic, venue, symbol: "BTCUSDT", interval: "1h", period: "5m", from, to: undefined, force: false }];
  });
  return { wishes, load: { topic: undefined, range: undefined } };
}

async function rowsOf(result: QueryResult): Promise<readonly (readonly unknown[])[]> {
  const rows: (readonly unknown[])[] = [];
  for await (const batch of result.batches) rows.push(...batch);
  return rows;
}

interface Shown {
  readonly sql: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

async function look(candlelake: Candlelake, sql: string): Promise<Shown> {
  const result = await candlelake.engine.query(sql);
  return { sql, columns: result.columns.map((column) => column.name), rows: await rowsOf(result) };
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
  const done = applied.outcomes.filter((outcome) => outcome.status === "done");
  const made = done.filter((outcome) => outcome.step.action !== "load");
  for (const outcome of applied.outcomes.filter((one) => one.error))
    context.say(`${outcome.status}: ${outcome.error?.message}`);
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
  let config = worldOf(context, context.flag("synthetic"));
  let candlelake = openCandlelake(config, context.log);
  let answered = await ask(candlelake, context.signal);
  for (const { now } of answered)
    if (typeof now !== "number")
      context.say(now.code === "interrupted" ? `No answer within ${PATIENCE / 1000} s.` : now.message);
  if (!config.synthetic && !answered.some(({ now }) => typeof now === "number")) {
    context.say("No venue answers from here: going on with made data. Every table below is SYNTHETIC.");
    // From the generator: an endpoint that was changed has just proved to be no stand-in.
    config = { ...worldOf(context, true), endpoints: DEFAULT_ENDPOINTS };
    candlelake = openCandlelake(config, context.log);
    answered = await ask(candlelake, context.signal);
  }
  const silent = answered.every(({ now }) => typeof now !== "number") ? answered[0]?.now : undefined;
  if (silent instanceof AppError) throw silent;
  try {
    return await show(context, config, candlelake, requestOf(answered));
  } finally {
    await candlelake.engine.close();
  }
}

async function show(context: Context, config: Config, candlelake: Candlelake, request: Request): Promise<number> {
  const first = await round(context, candlelake, request);
  const tables = [];
  if (request.wishes.some((wish) => wish.topic === "spot")) tables.push(await look(candlelake, LATEST));
  if (request.wishes.some((wish) => wish.topic === "futures")) tables.push(await look(candlelake, METRICS));
  const closes =
    tables[0]?.sql === LATEST ? (await look(candlelake, CLOSES)).rows.map(([close]) => Number(close)).reverse() : [];
  const second = await round(context, candlelake, request);
  const data = path.join(config.data);
  const flags = `--data ${data}${config.synthetic ? " --synthetic" : ""}`;
  const next = [
    `candlelake status ${flags}`,
    `candlelake query "SELECT date_trunc('day', open_time) AS day, max(high) AS high FROM spot_klines GROUP BY day ORDER BY day" ${flags}`,
    `candlelake ingest spot --symbol ETHUSDT --interval 1h --from ${iso(Date.now() - 30 * DAY).slice(0, 10)} ${flags}`,
  ];
  if (context.format === "json") {
    await write(
      json({
        command: "demo",
        ok: first.exit === EXIT.ok,
        synthetic: config.synthetic,
        data,
        first,
        second,
        tables,
        next,
        error: null,
      }),
    );
    return first.exit;
  }
  const mark = config.synthetic ? "SYNTHETIC " : "";
  await write(
    `\n1. Into the lake (${data}) and the warehouse: ${count(first.rows, "row")} written, ${count(first.loaded, "row")} loaded.\n`,
  );
  await write("\n2. A first look.\n");
  for (const { sql, columns, rows } of tables) await write(`\n${mark}${sql}\n\n${table(columns, rows)}`);
  if (closes.length > 1) await write(`\n${mark}close, the last ${closes.length} hours  ${sparkline(closes)}\n`);
  const idle = second.steps === 0 ? "nothing to do" : count(second.steps, "step");
  await write(`\n3. The same again: ${idle}, ${count(second.rows, "row")}, ${second.bytes} bytes.\n`);
  await write(`\nTry next:\n${next.map((line) => `  ${line}\n`).join("")}`);
  return first.exit;
}
