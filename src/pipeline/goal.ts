import { hasArchive } from "../core/archive-calendar.ts";
import { UsageError } from "../core/errors.ts";
import type { Derivation, Goal, Target } from "../core/goal.ts";
import { inOrder } from "../core/in-order.ts";
import type { SourceChoice } from "../core/route.ts";
import type { Market } from "../core/series.ts";
import { DAY } from "../core/time.ts";
import { tableOf } from "../market/tables.ts";
import { followersOf } from "./followers.ts";
import type { Lake } from "./lake.ts";
import { type ReadWish, SymbolReading, seriesOf } from "./symbol-reading.ts";
import { openWays, type WayPorts, type Ways } from "./ways.ts";
import type { Topic, Wish } from "./wish.ts";

export interface GoalPorts extends WayPorts {
  readonly synthetic: boolean;
  prepare(): void;
}

/** Of so many days there are several months' files. */
const MUCH = 62 * DAY;

/** A goal, and what to tell the user about how the wishes were read. */
export interface ReadGoal {
  readonly goal: Goal;
  readonly notes: readonly string[];
  /** Which endpoint's source serves a target. */
  readonly venues: ReadonlyMap<Target, Wish["venue"]>;
}

/** Whether many of the archive's files will be taken, as far as that is known before anybody was asked. */
async function isMuch(wish: Wish, lake: Lake, { clock, synthetic }: GoalPorts): Promise<boolean> {
  const { from, to = clock.now(), choice } = wish;
  if (choice === "rest" || to - from <= MUCH) return false;
  const [main] = seriesOf(wish, synthetic);
  if (wish.venue === "binance-us" || !hasArchive(main)) return false;
  return (await lake.bounds(tableOf(main).name, main, { from, to })).listed === undefined;
}

const marketOf = (topic: Topic): Market => (topic === "spot" ? "spot" : "um");

/** @throws UsageError where metrics of one interval are wished of two periods: they would be made of one and of the other */
function refuseTwoPeriods(wishes: readonly Wish[]): void {
  const periods = new Map<string, Wish["period"]>();
  for (const { topic, symbol, interval, period } of wishes) {
    if (topic !== "futures") continue;
    const name = `${symbol} ${interval}`;
    const other = periods.get(name) ?? period;
    periods.set(name, other);
    if (other === period) continue;
    throw new UsageError(
      "two-periods",
      `futures ${name} is wished with open interest of ${other} and of ${period}: its metrics are made of one.`,
      "candlelake config",
    );
  }
}

/** Symbols whose series are looked at at once: each may take a question or two. */
const WIDTH = 8;

/**
 * Reads wishes into a goal: asks each venue's clock once, and each series' beginning where no manifest tells it. A
 * venue that does not answer leaves its targets with their error; the others go on.
 * @throws UsageError for metrics of two periods of open interest, and for a range that lies in the future or wholly before
 * the series begins; where there are other wishes such a one is left out with a note
 */
export async function readGoal(
  wishes: readonly Wish[],
  lake: Lake,
  ports: GoalPorts,
  signal?: AbortSignal,
): Promise<ReadGoal> {
  refuseTwoPeriods(wishes);
  const known = new Map<string, Promise<Ways>>();
  const waysTo = (wish: Wish, choice: SourceChoice): Promise<Ways> => {
    const market = marketOf(wish.topic);
    const name = `${wish.venue} ${market} ${choice}`;
    const ways = known.get(name) ?? openWays({ ...wish, choice }, market, ports, signal);
    known.set(name, ways);
    return ways;
  };
  const read = new Map<Wish, ReadWish>();
  const venues = new Map<Target, Wish["venue"]>();
  const told = new Map<Wish, readonly string[]>();
  const readAll = async (some: readonly Wish[], either: AbortSignal): Promise<void> => {
    for (const wish of some) if (await isMuch(wish, lake, ports)) ports.prepare();
    const reading = new SymbolReading(some, lake, ports.synthetic, waysTo, either);
    for (const [wish, one] of await reading.read()) read.set(wish, one);
    for (const [target, venue] of reading.venues) venues.set(target, venue);
    const [first] = some;
    if (first) told.set(first, reading.notes);
  };
  const groups = Map.groupBy(wishes, ({ symbol }) => symbol).values();
  for await (const _ of inOrder(groups, WIDTH, readAll, signal));
  const targets = new Set<Target>();
  const derivations: Derivation[] = [];
  const notes = new Set<string>();
  for (const wish of wishes) {
    const { made, derivation, refusal, notes: own } = read.get(wish) as ReadWish;
    if (refusal && wishes.length === 1) throw refusal;
    for (const note of [...(told.get(wish) ?? []), ...own]) notes.add(note);
    if (refusal) {
      notes.add(`${refusal.message} Left out.`);
      continue;
    }
    for (const target of made) targets.add(target);
    if (derivation) derivations.push(derivation);
  }
  const followers: Derivation[] = [];
  for (const target of targets) if (!target.error) followers.push(...(await followersOf(target, derivations, lake)));
  derivations.push(...followers);
  return { goal: { targets: [...targets], derivations, uploads: null, load: null }, notes: [...notes], venues };
}
