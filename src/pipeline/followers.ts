import type { Derivation, Target } from "../core/goal.ts";
import type { Interval, Period } from "../core/interval.ts";
import { lookedThrough } from "../core/plan.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import { monthsOf } from "../core/time.ts";
import { FUNDING_LOOK_BACK, openInterestTimeToLive } from "../market/derive.ts";
import type { Lake } from "./lake.ts";

const TABLE: TableName = "futures_metrics";

type LookUp = Derivation["lookUps"][number];

export function lookUpOf(table: TableName, series: Series): LookUp {
  const lookBack = series.kind === "funding" ? FUNDING_LOOK_BACK : openInterestTimeToLive(series.step as Interval);
  return { table, series, lookBack };
}

/** What a stored partition of metrics looks up, read from the names of its inputs: `open_interest/5m/2025-01-01`. */
function lookUpsOf(series: Series, inputs: Readonly<Record<string, string>>): LookUp[] {
  const found = new Map<string, LookUp>();
  for (const name of Object.keys(inputs)) {
    const [table, step] = name.split("/");
    if (table === "funding_rates") found.set(table, lookUpOf(table, { ...series, kind: "funding", step: undefined }));
    if (table === "open_interest")
      found.set(`${table}/${step}`, lookUpOf(table, { ...series, kind: "open-interest", step: step as Period }));
  }
  return [...found.values()];
}

const isOf = (target: Target) => (lookUp: LookUp) =>
  lookUp.table === target.table && lookUp.series.step === target.series.step;

const isSame = (a: Series, b: Series): boolean => a.venue === b.venue && a.market === b.market && a.symbol === b.symbol;

/** Metrics in the lake that a target's rows are looked up for, whoever asked for them: they follow where rows change. */
export async function followersOf(target: Target, own: readonly Derivation[], lake: Lake): Promise<Derivation[]> {
  const { series, range, now } = target;
  if (series.kind !== "funding" && series.kind !== "open-interest") return [];
  const isOwn = (metrics: Series): boolean =>
    own.some(
      (one) =>
        isSame(one.series, metrics) &&
        one.series.step === metrics.step &&
        one.range.from <= range.from &&
        one.range.to >= range.to &&
        one.lookUps.some(isOf(target)),
    );
  const followers: Derivation[] = [];
  for (const shelf of await lake.shelves(TABLE)) {
    if (!isSame(shelf.series, series) || isOwn(shelf.series)) continue;
    const candles = { table: "futures_klines" as const, series: { ...shelf.series, kind: "klines" as const } };
    const { listed } = await lake.bounds(candles.table, candles.series);
    const alone: Derivation = {
      table: TABLE,
      series: shelf.series,
      range,
      now,
      first: listed,
      force: false,
      follows: true,
      candles,
      lookUps: [lookUpOf(target.table, series)],
    };
    const months = monthsOf(lookedThrough(alone)).filter((month) => shelf.months.includes(month));
    await lake.open(TABLE, shelf.series, months);
    const kinds = new Map<string, Derivation>();
    for (const month of months) {
      for (const [, { inputs }] of lake.entries(TABLE, shelf.series, month)) {
        const lookUps = lookUpsOf(series, inputs ?? {});
        const kind = lookUps.map((lookUp) => `${lookUp.table}/${lookUp.series.step}`).join();
        if (lookUps.some(isOf(target))) kinds.set(kind, { ...alone, lookUps });
      }
    }
    followers.push(...kinds.values());
  }
  return followers;
}
