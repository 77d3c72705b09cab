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
import { joined, type Want } from "./want.ts";
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

/** The main one, and what is looked up for it. */
function seriesOf(wish: Wish, synthetic: boolean): [Series, ...Series[]] {
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
  if (wish.venue === "binance-us" || !hasArchive(main)) return false;
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

function unlisted(wish: Wish, { series, first }: Target, { from, to }: TimeRange): UsageError | undefined {
  if (first === undefined || first < to) return undefined;
  return new UsageError(
    "before-listing",
    `${seriesLabel(series)} begins on ${dayOf(first)}; ${iso(from)} to ${iso(to)} lies before it.`,
    `${commandOf(wish)} --from ${dayOf(first)}`,
  );
}

/** Symbols whose series are looked at at once: each may take a question or two. */
const WIDTH = 8;

/** One wish as it was read. */
interface ReadWish {
  readonly made: readonly Target[];
  /** What it says of its own days: derived ones, where it wishes any. */
  readonly derivation: Derivation | undefined;
  readonly notes: readonly string[];
  readonly refusal: UsageError | undefined;
}

/** Looks at the series of one symbol, for all wishes of it together: their order must not matter. */
class SymbolReading {
  readonly venues = new Map<Target, Wish["venue"]>();
  readonly notes: string[] = [];
  private readonly wishes: readonly Wish[];
  private readonly lake: Lake;
  private readonly synthetic: boolean;
  private readonly waysTo: (wish: Wish, series: Series) => Promise<Ways>;
  private readonly signal: AbortSignal;

  constructor(
    wishes: readonly Wish[],
    lake: Lake,
    synthetic: boolean,
    waysTo: (wish: Wish, choice: SourceChoice) => Promise<Ways>,
    signal: AbortSignal,
  ) {
    this.wishes = wishes;
    this.lake = lake;
    this.synthetic = synthetic;
    const choices = choicesOf(wishes, synthetic);
    this.waysTo = (wish, series) => waysTo(wish, choices.get(seriesLabel(series)) ?? wish.choice);
    this.signal = signal;
  }

  async read(): Promise<ReadonlyMap<Wish, ReadWish>> {
    const read = new Map<Wish, ReadWish>();
    const mains: Want[] = [];
    for (const wish of this.wishes) {
      const [series] = seriesOf(wish, this.synthetic);
      const { now, error } = await this.waysTo(wish, series);
      const refusal = error ? undefined : future(wish, now);
      if (refusal) read.set(wish, { made: [], derivation: undefined, notes: [], refusal });
      else mains.push({ wish, series, range: widened(wish.from, Math.min(wish.to ?? now, now)), now });
    }
    const own = await this.targetsOf(mains);
    const others = mains.flatMap((want) => this.lookedUp(want, own.get(want)));
    const looked = await this.targetsOf(others);
    for (const want of mains) {
      const main = own.get(want);
      const lookUps = others.filter(({ wish }) => wish === want.wish).flatMap((other) => looked.get(other) ?? []);
      read.set(want.wish, this.readOne(want, main, lookUps));
    }
    return read;
  }

  /** What is looked up at the closes of the candles that are wanted. */
  private lookedUp({ wish, range, now }: Want, main: Target | undefined): Want[] {
    const [, ...others] = seriesOf(wish, this.synthetic);
    const own = main ? lookUpRange(main.series, range, now, main.first) : range;
    return others.map((series) => ({ wish, series, range: own, now }));
  }

  /** Several wishes may want the same series, as two intervals of a symbol want its funding: it is asked for once. */
  private async targetsOf(wants: readonly Want[]): Promise<ReadonlyMap<Want, Target>> {
    const targets = new Map<Want, Target>();
    for (const { series, range, members } of joined(wants)) {
      const [{ wish }] = members as readonly [Want, ...Want[]];
      const ways = await this.waysTo(wish, series);
      const force = members.some((member) => member.wish.force);
      const note = (text: string) => this.notes.push(text);
      const target = await targetOf(series, range, force, ways, this.lake, note, this.signal);
      if (!target) continue;
      this.venues.set(target, wish.venue);
      for (const want of members) targets.set(want, target);
    }
    return targets;
  }

  private readOne({ wish, range, now }: Want, own: Target | undefined, lookUps: readonly Target[]): ReadWish {
    const made = own ? [own, ...lookUps] : lookUps;
    const [main] = made;
    const notes: string[] = [];
    const wishedTo = wish.to ?? range.to;
    if (range.from !== wish.from || (wishedTo <= now && wish.to !== undefined && range.to !== wishedTo))
      notes.push(`Widened to whole UTC days: ${dayOf(range.from)} to ${dayOf(range.to)}.`);
    const refusal = main && unlisted(wish, main, range);
    if (!refusal && main && !main.error && !opensAny(main, range))
      notes.push(`No ${wish.interval} candle opens and closes from ${dayOf(range.from)} to ${dayOf(range.to)}.`);
    const derivation = wish.topic === "futures" && own ? this.derivationOf(wish, own, range) : undefined;
    return { made, derivation, notes, refusal };
  }

  /** Whatever of its look-ups can be asked for in this run, those that the lake has are looked at. */
  private derivationOf(wish: Wish, main: Target, { from, to }: TimeRange): Derivation {
    const { range } = main;
    const [, ...others] = seriesOf(wish, this.synthetic);
    return {
      table: "futures_metrics",
      series: { ...main.series, kind: "metrics" },
      range: { from: Math.max(from, range.from), to: Math.max(from, range.from, Math.min(to, range.to)) },
      now: main.now,
      first: main.first,
      force: wish.force,
      ...(main.choice === "archive" ? { isArchived: true as const } : {}),
      candles: { table: "futures_klines", series: main.series },
      lookUps: others.map((series) => lookUpOf(tableOf(series).name, series)),
    };
  }
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

const opensAny = ({ series, now, first }: Target, range: TimeRange): boolean =>
  series.kind !== "klines" || daysOf(range).some((day) => hasRows(series, day, now, first));
