import type { Derivation, Goal, LoadGoal, Target } from "../core/goal.ts";
import { hasRows } from "../core/partition.ts";
import { lookedThrough } from "../core/plan.ts";
import type { TableName } from "../core/table.ts";
import { DAY, dayOf, type Month, monthsOf, type TimeRange } from "../core/time.ts";
import { TABLES } from "../market/tables.ts";
import { monthsOfTable, type TableMonth } from "./gone.ts";
import type { Lake } from "./lake.ts";
import type { Topic } from "./wish.ts";

// What of the lake is to be elsewhere: in a bucket, in a warehouse.

/** What `load TOPIC` fills. The futures' candles are loaded as part of their metrics. */
const LOADED: Record<Topic, readonly TableName[]> = {
  spot: ["spot_klines"],
  futures: ["futures_metrics"],
  funding: ["funding_rates"],
  "open-interest": ["open_interest"],
};

/** Tables of a topic in the warehouse; all that it holds where none is named. */
export const loadedTables = (topic: Topic | undefined): readonly TableName[] =>
  topic ? LOADED[topic] : TABLES.filter((table) => table.loaded).map((table) => table.name);

/** What of the lake a bucket is to have: of the goal's series in its range, or of everything. */
export async function uploadGoal(lake: Lake, of: Goal | "all"): Promise<NonNullable<Goal["uploads"]>> {
  if (of === "all") return (await Promise.all(TABLES.map(({ name }) => lake.shelves(name)))).flat();
  const made = [
    ...of.targets.map(({ table, series, range }) => ({ table, series, range })),
    ...of.derivations.map((derivation) => ({ ...derivation, range: lookedThrough(derivation) })),
  ];
  return made.map(({ table, series, range }) => ({ table, series, months: monthsOf(range) }));
}

/**
 * Every load unit of the lake, and those that the targets and derivations may yet make.
 * @param loaded the months that the warehouse has, where those are to go of which the lake has no rows
 */
export async function loadGoal(
  lake: Lake,
  topic: Topic | undefined,
  range: TimeRange | undefined,
  coming?: Goal,
  loaded?: readonly TableMonth[],
): Promise<readonly LoadGoal[]> {
  const units: LoadGoal[] = [];
  for (const table of loadedTables(topic)) {
    const months = new Set<Month>((await lake.shelves(table)).flatMap((shelf) => shelf.months));
    for (const made of [...(coming?.targets ?? []), ...(coming?.derivations ?? [])]) {
      if (made.table !== table) continue;
      for (const month of monthsOf(made.range)) if (mayHaveRows(made, month)) months.add(month);
    }
    const wanted = range && new Set(monthsOf(range));
    for (const month of monthsOfTable(loaded ?? [], table, range)) months.add(month);
    const within = [...months].filter((month) => !wanted || wanted.has(month)).sort();
    units.push({ table, months: within, prune: loaded !== undefined });
  }
  return units;
}

function mayHaveRows(made: Target | Derivation, month: Month): boolean {
  const { from, to } = { from: Date.parse(`${month}-01T00:00:00Z`), to: made.range.to };
  for (let time = Math.max(from, made.range.from); time < to && dayOf(time).startsWith(month); time += DAY) {
    if (hasRows(made.series, dayOf(time), made.now, made.first)) return true;
  }
  return false;
}
