import { hasArchive } from "../core/archive-calendar.ts";
import { UsageError } from "../core/errors.ts";
import type { Derivation, Goal, Target } from "../core/goal.ts";
import { inOrder } from "../core/in-order.ts";
import { fixedLength, type Interval, openAt } from "../core/interval.ts";
import { closesAt, hasRows, seriesGrid } from "../core/partition.ts";
import type { SourceChoice } from "../core/route.ts";
import { type Market, type Series, seriesLabel, type Venue } from "../core/series.ts";
import { DAY, dayOf, daysOf, iso, startOfDay, type TimeRange } from "../core/time.ts";
import { tableOf } from "../market/tables.ts";
import { followersOf, lookUpOf } from "./followers.ts";
import type { Lake } from "./lake.ts";
import { targetOf } from "./target.ts";
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

function seriesOf(wish: Wish, synthetic: boolean): Series[] {
  const venue: Venue = synthetic ? "synthetic" : wish.venue;
  const base = { venue, symbol: wish.symbol };
  const klines = (market: Market): Series => ({ ...base, kind: "klines", market, step: wish.interval });
  const funding: Series = { ...base, kind: "funding", market: "um", step: undefined };
  const openInterest: Series = { ...base, kind: "open-interest", market: "um", step: wish.period };
  switch (wish.topic) {
    case "spot":
      return [klines("spot")];
    case "futures":
      return [klines("um"), funding, openInterest];
    case "funding":
      return [funding];
    case "open-interest":
      return [openInterest];
  }
}

/**
 * By series, which ways may be taken to it. One that is shared by wishes that differ in that is read as the plan thinks
 * best: the order of wishes must not matter.
 */
function choicesOf(wishes: readonly Wish[], synthetic: boolean): ReadonlyMap<string, SourceChoice> {
  const choices = new Map<string, SourceChoice>();
  for (const wish of wishes)
    for (const series of seriesOf(wish, synthetic)) {
      const label = seriesLabel(series);
      const other = choices.get(label) ?? wish.choice;
      choices.set(label, other === wish.choice ? other : "auto");
    }
  return choices;
}

/** Whether many of the archive's files will be taken, as far as that is known before anybody was asked. */
async function isMuch(wish: Wish, lake: Lake, { clock, synthetic }: GoalPorts): Promise<boolean> {
  const { from, to = clock.now(), choice } = wish;
  if (choice === "rest" || to - from <= MUCH) return false;
  const [main] = seriesOf(wish, synthetic);
  if (!main || wish.venue === "binance-us" || !hasArchive(main)) return false;
  return (await lake.bounds(tableOf(main).name, main, { from, to })).listed === undefined;
}

const marketOf = (topic: Topic): Market => (topic === "spot" ? "spot" : "um");

/** Long candles close days after they open: what is looked up at the close lies there. */
function lookUpRange(series: Series, range: TimeRange, now: number, first: number | undefined): TimeRange {
  const lastDay = dayOf(range.to - DAY);
  const longest = fixedLength(series.step as Interval);
  if (longest !== undefined && longest <= DAY) return range;
  const grid = seriesGrid(series, first);
  const lastOpen = grid ? openAt(grid, range.to - 1) : range.from;
  const closes = closesAt(series, lastOpen >= range.from ? dayOf(lastOpen) : lastDay, first);
  return { from: range.from, to: Math.min(Math.max(range.to, closes), startOfDay(now) + DAY) };
}

const widened = (from: number, to: number): TimeRange => ({ from: startOfDay(from), to: Math.ceil(to / DAY) * DAY });

/** The command that wishes the same, but for its range. */
function commandOf({ topic, venue, symbol, interval, period }: Wish): string {
  const options = {
    spot: `--interval ${interval} --venue ${venue}`,
    futures: `--interval ${interval} --period ${period}`,
    funding: "",
    "open-interest": `--period ${period}`,
  };
  return `candlelake ingest ${topic} --symbol ${symbol} ${options[topic]}`.trim();
}

function future(wish: Wish, now: number): UsageError | undefined {
  if (wish.from < now) return undefined;
  return new UsageError(
    "future",
    `${wish.symbol}: ${iso(wish.from)} has not come yet: the venue's clock says ${iso(now)}.`,
    `${commandOf(wish)} --date ${dayOf(now - DAY)}`,
  );
}

function unlisted(wish: Wish, targets: readonly Target[]): UsageError | undefined {
  const [main] = targets;
  if (!main || main.first === undefined || main.first < main.range.to) return undefined;
  return new UsageError(
    "before-listing",
    `${seriesLabel(main.series)} begins on ${dayOf(main.first)}; ${iso(main.range.from)} to ${iso(main.range.to)} lies before it.`,
    `${commandOf(wish)} --from ${dayOf(main.first)}`,
  );
}

/** Symbols whose series are looked at at once: each may take a question or two. */
const WIDTH = 8;

/** One wish as it was read. */
interface ReadWish {
  readonly made: readonly Target[];
  /** The candles, or what was wished alone. */
  readonly main: Target | undefined;
  readonly notes: readonly string[];
  readonly refusal: UsageError | undefined;
}

async function readOne(
  wish: Wish,
  waysTo: (series: Series) => Promise<Ways>,
  lake: Lake,
  synthetic: boolean,
  signal: AbortSignal | undefined,
): Promise<ReadWish> {
  const all = seriesOf(wish, synthetic);
  const { now, error: silent } = await waysTo(all[0] as Series);
  const early = silent ? undefined : future(wish, now);
  if (early) return { made: [], main: undefined, notes: [], refusal: early };
  const notes: string[] = [];
  const to = Math.min(wish.to ?? now, now);
  const range = widened(wish.from, to);
  const wishedTo = wish.to ?? to;
  if (range.from !== wish.from || (wishedTo <= now && wish.to !== undefined && range.to !== wishedTo))
    notes.push(`Widened to whole UTC days: ${dayOf(range.from)} to ${dayOf(range.to)}.`);
  const made: Target[] = [];
  let main: Target | undefined;
  for (const series of all) {
    const ways = await waysTo(series);
    const own = main ? lookUpRange(main.series, range, now, main.first) : range;
    const target = await targetOf(series, own, wish.force, ways, lake, (text) => notes.push(text), signal);
    if (!target) continue;
    main ??= target;
    made.push(target);
  }
  const refusal = unlisted(wish, made);
  if (!refusal && main && !main.error && !opensAny(main))
    notes.push(`No ${wish.interval} candle opens and closes from ${dayOf(range.from)} to ${dayOf(range.to)}.`);
  return { made, main, notes, refusal };
}

/**
 * Reads wishes into a goal: asks each venue's clock once, and each series' beginning where no manifest tells it. A
 * venue that does not answer leaves its targets with their error; the others go on.
 * @throws UsageError for a range that lies in the future or wholly before the series begins; where there are other
 * wishes such a one is left out with a note
 */
export async function readGoal(
  wishes: readonly Wish[],
  lake: Lake,
  ports: GoalPorts,
  signal?: AbortSignal,
): Promise<ReadGoal> {
  const known = new Map<string, Promise<Ways>>();
  const waysTo = (wish: Wish, choice: SourceChoice): Promise<Ways> => {
    const market = marketOf(wish.topic);
    const name = `${wish.venue} ${market} ${choice}`;
    const ways = known.get(name) ?? openWays({ ...wish, choice }, market, ports, signal);
    known.set(name, ways);
    return ways;
  };
  const read = new Map<Wish, ReadWish>();
  /** Wishes of a symbol may be of the same series: they are read one after the other. */
  const readAll = async (some: readonly Wish[], either: AbortSignal): Promise<void> => {
    const choices = choicesOf(some, ports.synthetic);
    for (const wish of some) {
      if (await isMuch(wish, lake, ports)) ports.prepare();
      const ways = (series: Series) => waysTo(wish, choices.get(seriesLabel(series)) ?? wish.choice);
      read.set(wish, await readOne(wish, ways, lake, ports.synthetic, either));
    }
  };
  const groups = Map.groupBy(wishes, ({ symbol }) => symbol).values();
  for await (const _ of inOrder(groups, WIDTH, readAll, signal));
  const targets: Target[] = [];
  const derivations: Derivation[] = [];
  const notes = new Set<string>();
  const venues = new Map<Target, Wish["venue"]>();
  for (const wish of wishes) {
    const { made, main, refusal, notes: own } = read.get(wish) as ReadWish;
    if (refusal && wishes.length === 1) throw refusal;
    for (const note of own) notes.add(note);
    if (refusal) {
      notes.add(`${refusal.message} Left out.`);
      continue;
    }
    for (const target of made) venues.set(target, wish.venue);
    for (const target of made) merge(target, targets, venues);
    if (wish.topic === "futures" && main?.series.kind === "klines") derivations.push(derivationOf(made, main));
  }
  const followers: Derivation[] = [];
  for (const target of targets) if (!target.error) followers.push(...(await followersOf(target, derivations, lake)));
  derivations.push(...followers);
  return { goal: { targets, derivations, uploads: null, load: null }, notes: [...notes], venues };
}

const opensAny = ({ series, range, now, first }: Target): boolean =>
  series.kind !== "klines" || daysOf(range).some((day) => hasRows(series, day, now, first));

/** Two targets of one series whose days overlap or touch. */
const belong = (a: Target, b: Target): boolean =>
  a.table === b.table &&
  seriesLabel(a.series) === seriesLabel(b.series) &&
  a.range.from <= b.range.to &&
  b.range.from <= a.range.to;

/** Several wishes may want the same series, as two intervals of a symbol want its funding: it is read once. */
function merge(target: Target, targets: Target[], venues: Map<Target, Wish["venue"]>): void {
  let joined = target;
  let place = targets.length;
  const find = () => targets.findIndex((other) => belong(other, joined));
  // What was joined may reach a third one that neither of the two did.
  for (let twin = find(); twin >= 0; twin = find()) {
    const other = targets.splice(twin, 1)[0] as Target;
    const range = {
      from: Math.min(other.range.from, joined.range.from),
      to: Math.max(other.range.to, joined.range.to),
    };
    place = Math.min(place, twin);
    const { filed: _, ...both } = other;
    const { filed } = other.range.to < joined.range.to ? joined : other;
    joined = { ...both, range, force: other.force || joined.force, ...(filed === undefined ? {} : { filed }) };
    venues.set(joined, venues.get(other) as Wish["venue"]);
  }
  targets.splice(place, 0, joined);
}

function derivationOf(made: readonly Target[], main: Target): Derivation {
  const candles = made.find(({ series }) => series.kind === "klines");
  const inputs = made.filter(({ series }) => series.kind !== "klines");
  return {
    table: "futures_metrics",
    series: { ...main.series, kind: "metrics" },
    range: main.range,
    now: main.now,
    first: main.first,
    force: main.force,
    ...(main.choice === "archive" ? { isArchived: true as const } : {}),
    candles: { table: "futures_klines", series: (candles ?? main).series },
    lookUps: inputs.map(({ table, series }) => lookUpOf(table, series)),
  };
}
