import { UsageError } from "../core/errors.ts";
import type { Derivation, Target } from "../core/goal.ts";
import { fixedLength, type Interval, openAt } from "../core/interval.ts";
import { closesAt, hasRows, seriesGrid } from "../core/partition.ts";
import type { SourceChoice } from "../core/route.ts";
import { type Market, type Series, seriesLabel, type Venue } from "../core/series.ts";
import { DAY, dayOf, daysOf, iso, startOfDay, type TimeRange } from "../core/time.ts";
import { tableOf } from "../market/tables.ts";
import { lookUpOf } from "./followers.ts";
import type { Lake } from "./lake.ts";
import { targetOf } from "./target.ts";
import { joined, type Want } from "./want.ts";
import type { Ways } from "./ways.ts";
import type { Wish } from "./wish.ts";

/** The main one, and what is looked up for it. */
export function seriesOf(wish: Wish, synthetic: boolean): [Series, ...Series[]] {
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

const opensAny = ({ series, now, first }: Target, range: TimeRange): boolean =>
  series.kind !== "klines" || daysOf(range).some((day) => hasRows(series, day, now, first));

const isCandles = ({ series }: Want): boolean => series.kind === "klines";

/** One wish as it was read. */
export interface ReadWish {
  readonly made: readonly Target[];
  /** What it says of its own days: derived ones, where it wishes any. */
  readonly derivation: Derivation | undefined;
  readonly notes: readonly string[];
  readonly refusal: UsageError | undefined;
}

/** Looks at the series of one symbol, for all wishes of it together: their order must not matter. */
export class SymbolReading {
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
    // Candles first: what is looked up at their closes depends on where they begin.
    const candles = await this.targetsOf(mains.filter(isCandles));
    const others = mains.flatMap((want) => (isCandles(want) ? this.lookedUp(want, candles.get(want)) : [want]));
    const looked = await this.targetsOf(others);
    for (const want of mains) {
      const own = others.filter(({ wish }) => wish === want.wish).flatMap((other) => looked.get(other) ?? []);
      read.set(want.wish, this.readOne(want, candles.get(want), own));
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

  private readOne({ wish, range, now }: Want, candles: Target | undefined, others: readonly Target[]): ReadWish {
    const made = candles ? [candles, ...others] : others;
    const [main] = made;
    const notes: string[] = [];
    const wishedTo = wish.to ?? range.to;
    if (range.from !== wish.from || (wishedTo <= now && wish.to !== undefined && range.to !== wishedTo))
      notes.push(`Widened to whole UTC days: ${dayOf(range.from)} to ${dayOf(range.to)}.`);
    const refusal = main && unlisted(wish, main, range);
    if (!refusal && main && !main.error && !opensAny(main, range))
      notes.push(`No ${wish.interval} candle opens and closes from ${dayOf(range.from)} to ${dayOf(range.to)}.`);
    const derivation = wish.topic === "futures" && candles ? this.derivationOf(wish, candles, range) : undefined;
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
