import type { AppError } from "../core/errors.ts";
import { type Gap, joinGaps } from "../core/gap.ts";
import { countOpens } from "../core/interval.ts";
import { fileStem } from "../core/layout.ts";
import type { Entry } from "../core/manifest.ts";
import { closesAt, finalBefore, hasRows, seriesGrid } from "../core/partition.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import { DAY, type Day, dayOf, dayRange, timeOfDay } from "../core/time.ts";
import type { LedgerRow } from "../ports/warehouse.ts";
import { contradictedEntry } from "./false-entry.ts";
import type { Lake } from "./lake.ts";
import type { Shelf } from "./shelves.ts";
import { isStored, lostObject, replacedObject } from "./stored-rows.ts";
import { unnamedRows } from "./unnamed.ts";

/** What is known of a series. Times in milliseconds. */
export interface SeriesStatus {
  readonly table: TableName;
  readonly series: Series;
  /** Event time of the first row; null where there is none. */
  readonly from: number | null;
  /** End of what was read, exclusive. */
  readonly to: number | null;
  /** End of the unbroken run of complete partitions from the first one. */
  readonly watermark: number | null;
  readonly partitions: number;
  readonly rows: number;
  readonly bytes: number;
  readonly gaps: readonly Gap[];
  /** Partitions that a bucket has. */
  readonly uploaded: number;
  /** Partitions that the warehouse has as they are now. */
  readonly loaded: number;
  /** Manifests that cannot be read, objects that are gone or others than they name, in folder or bucket. */
  readonly damaged: readonly AppError[];
}

/** How far a partition was read: to its end, or to the last row that was final then. */
const readTo = (series: Series, day: Day, entry: Entry, first?: number): number =>
  Math.min(closesAt(series, day, first), finalBefore(series, entry.asOf, first));

/**
 * Days between the first and last partition that have rows at the venue and were never asked for, and all those of which
 * there is nothing to derive from: what is missing is then what the candles lack.
 * @param sources gaps of a derived series' candles, by day, of days without any
 */
function notFetched(
  series: Series,
  entries: ReadonlyMap<Day, Entry>,
  days: readonly Day[],
  sources: ReadonlyMap<Day, readonly Gap[]>,
  first?: number,
): Gap[] {
  const gaps: Gap[] = [...sources].flatMap(([day, source]) => (entries.has(day) ? [] : source));
  const grid = seriesGrid(series, first);
  const [begin, end] = [days[0], days.at(-1)];
  if (!begin || !end) return gaps;
  for (let time = timeOfDay(begin); time < timeOfDay(end); time += DAY) {
    const day = dayOf(time);
    const { from, to } = dayRange(day);
    if (entries.has(day) || sources.has(day)) continue;
    if (hasRows(series, day, to + 40 * DAY, first))
      gaps.push({ from, to, class: "not-fetched", bars: grid ? countOpens(grid, { from, to }) : 0 });
  }
  return gaps;
}

/** Gaps of days of which a derived series has nothing, since it has no candles. */
async function candleGaps(lake: Lake, { table, series }: Shelf): Promise<ReadonlyMap<Day, readonly Gap[]>> {
  const gaps = new Map<Day, readonly Gap[]>();
  if (table !== "futures_metrics") return gaps;
  const candles: Series = { ...series, kind: "klines" };
  const shelves = await lake.shelves("futures_klines");
  const months = shelves.find((one) => fileStem(one.series) === fileStem(candles))?.months ?? [];
  await lake.open("futures_klines", candles, months);
  for (const month of months)
    for (const [day, entry] of lake.entries("futures_klines", candles, month))
      if (entry.rows === 0) gaps.set(day, entry.gaps);
  return gaps;
}

function firstRow(entries: ReadonlyMap<Day, Entry>, days: readonly Day[]): number | undefined {
  for (const day of days) {
    const span = entries.get(day)?.span;
    if (span) return span[0];
  }
  return undefined;
}

function watermarkOf(
  series: Series,
  entries: ReadonlyMap<Day, Entry>,
  days: readonly Day[],
  gaps: readonly Gap[],
  first?: number,
): number | null {
  const [begin, end] = [days[0], days.at(-1)];
  if (!begin || !end) return null;
  const start = firstRow(entries, days) ?? timeOfDay(begin);
  // What lies before the first row that there is, the series never had here: it breaks nothing.
  const breaking = gaps.find((gap) => gap.class !== "exchange-halt" && gap.to > start);
  const limit = breaking ? breaking.from : Number.POSITIVE_INFINITY;
  let mark = start;
  for (const day of days) {
    const entry = entries.get(day) as Entry;
    mark = readTo(series, day, entry, first);
    if (mark >= limit) return limit;
    if (mark < closesAt(series, day, first)) return mark;
  }
  return mark;
}

export async function statusOf(lake: Lake, shelf: Shelf, ledger: readonly LedgerRow[]): Promise<SeriesStatus> {
  const { table, series, months } = shelf;
  await lake.open(table, series, months);
  const { listed: first } = await lake.bounds(table, series);
  const entries = new Map<Day, Entry>();
  const damaged: AppError[] = [];
  let [loaded, uploaded] = [0, 0];
  for (const month of months) {
    const damage = lake.damage(table, series, month) ?? lake.rewritable(table, series, month);
    if (damage) damaged.push(damage);
    const [unnamed, ...others] = damage ? [] : lake.unnamedDays(table, series, month);
    if (lake.remote && unnamed) damaged.push(unnamedRows(lake.remote, table, series, unnamed, ...others));
    const own = lake.entries(table, series, month);
    const doubtful = new Set(lake.doubtful(table, series, month).map(([day]) => day));
    for (const [day, entry] of own) {
      entries.set(day, entry);
      const stored = lake.remote?.entry(table, series, day);
      if (stored?.content === entry.content && (stored.object === null || lake.remote?.holds(stored))) uploaded++;
      if (lake.remote?.isReplaced(entry)) damaged.push(replacedObject(lake, lake.remote, series, day, entry));
      else if (lake.remote?.contradicting(entry)) damaged.push(contradictedEntry(lake.remote, series, day, entry));
      else if (!lake.isThere(entry) || (doubtful.has(day) && !(await isStored(lake, entry))))
        damaged.push(lostObject(series, day, entry, lake.isTaken(entry)));
    }
    const { content } = lake.content(table, series, month);
    const row = ledger.find((line) => line.table === table && line.month === month && line.series === fileStem(series));
    if (row?.content === content && !row.isChanged) loaded += own.filter(([, entry]) => entry.rows > 0).length;
  }
  const days = [...entries.keys()].sort();
  const all = days.map((day) => entries.get(day) as Entry);
  const gaps = [
    ...all.flatMap((entry) => entry.gaps),
    ...notFetched(series, entries, days, await candleGaps(lake, shelf), first),
  ];
  const sorted = joinGaps(gaps.sort((a, b) => a.from - b.from));
  const spans = all.flatMap((entry) => entry.span ?? []);
  const last = days.at(-1);
  return {
    table,
    series,
    from: spans[0] ?? null,
    to: last ? readTo(series, last, entries.get(last) as Entry, first) : null,
    watermark: watermarkOf(series, entries, days, sorted, first),
    partitions: days.length,
    rows: all.reduce((sum, entry) => sum + entry.rows, 0),
    bytes: all.reduce((sum, entry) => sum + entry.bytes, 0),
    gaps: sorted,
    uploaded,
    loaded,
    damaged,
  };
}
