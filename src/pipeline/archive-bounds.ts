import { decodeArchive } from "../archive/decode.ts";
import { archiveBeginning, dayIsOut } from "../core/archive-calendar.ts";
import { type ArchiveFile, archiveKey, archiveRange, isMonthly } from "../core/archive-file.ts";
import { numbers } from "../core/batch.ts";
import { archiveFileOf, routeOf } from "../core/route.ts";
import type { Series } from "../core/series.ts";
import { DAY, type Day, dayOf, daysOf, type TimeRange } from "../core/time.ts";
import type { Archive } from "../ports.ts";

/** What the archive has of a series, as far as a range tells. */
export interface ArchiveBounds {
  /** Event time of the series' first row; undefined where it began before the range, or nobody can tell. */
  readonly first: number | undefined;
  /** From here on the archive has files; the range's own beginning where its first file is there. */
  readonly begin: number;
  /** Event time of the last row that the archive has of the series, wherever the range ends. */
  last(): Promise<number>;
}

const MICROS = 1000;

/** Questions at once, while nobody knows where the files begin. */
const WIDTH = 16;

const fileOn = (series: Series, day: Day, now: number): ArchiveFile | undefined => {
  const { route } = routeOf(series, day, now, "archive");
  return route === "rest" ? undefined : archiveFileOf(series, day, route);
};

/** The files that a range would be read from, in order. */
function filesOf(series: Series, range: TimeRange, now: number): ArchiveFile[] {
  const files = new Map<string, ArchiveFile>();
  for (const day of daysOf(range)) {
    const file = fileOn(series, day, now);
    if (file) files.set(archiveKey(file), file);
  }
  return [...files.values()];
}

/** The days of a month that have files of their own, as far as the range goes. */
function dailyFiles({ series, span }: ArchiveFile, range: TimeRange, now: number): ArchiveFile[] {
  const { from, to } = archiveRange({ series, span });
  const { daily } = archiveBeginning(series);
  const days = daysOf({ from: Math.max(from, range.from), to: Math.min(to, range.to) });
  return days.filter((day) => daily !== undefined && dayIsOut(series, day, now)).map((day) => ({ series, span: day }));
}

interface Search {
  readonly archive: Archive;
  readonly range: TimeRange;
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The first of the files that is there. A month's file may be late, or was never made: then its days' own are looked
 * through, where the one at the end that is searched last is there.
 */
async function firstThere(
  files: readonly ArchiveFile[],
  direction: "ascending" | "descending",
  search: Search,
): Promise<ArchiveFile | undefined> {
  const { archive, range, now, signal } = search;
  const daysIn = (file: ArchiveFile): ArchiveFile[] => {
    const days = isMonthly(file) ? dailyFiles(file, range, now) : [];
    return direction === "ascending" ? days : days.toReversed();
  };
  const has = async (file: ArchiveFile): Promise<"itself" | "days" | undefined> => {
    if (await archive.has(file, signal)) return "itself";
    const far = daysIn(file).at(-1);
    return far && (await archive.has(far, signal)) ? "days" : undefined;
  };
  // Nearly always the first one is there: it is asked for alone.
  for (let at = 0; at < files.length; at += at === 0 ? 1 : WIDTH) {
    const some = files.slice(at, at === 0 ? 1 : at + WIDTH);
    const there = await Promise.all(some.map(has));
    const index = there.findIndex((what) => what !== undefined);
    const found = some[index];
    if (found) return there[index] === "itself" ? found : firstThere(daysIn(found), direction, search);
  }
  return undefined;
}

/** First and last event time of a file, in milliseconds. */
async function spanIn(archive: Archive, file: ArchiveFile, signal: AbortSignal | undefined) {
  const fetched = await archive.peek(file, signal);
  if (!fetched) return undefined;
  const { batch } = decodeArchive(fetched.zip, file, `${archive.host}/${archiveKey(file)}`, "");
  const times = numbers(batch, batch.table.eventTime).values;
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const time of times) {
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  return batch.rows > 0 ? { first: first / MICROS, last: last / MICROS } : undefined;
}

/**
 * Where a series begins and ends, asked of the archive alone: for places that REST refuses, and for symbols that are no
 * longer traded. undefined where the archive has no file of the range.
 * @param isStored whether the lake has rows of a day: then its file need not be looked into
 */
export async function archiveBounds(
  archive: Archive,
  series: Series,
  range: TimeRange,
  now: number,
  isStored: (day: Day) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<ArchiveBounds | undefined> {
  const files = filesOf(series, range, now);
  const [earliest] = files;
  const search = { archive, range, now, signal };
  const begin = await firstThere(files, "ascending", search);
  if (!begin || !earliest) return undefined;
  return {
    first: await firstTime(archive, series, begin, signal),
    begin: begin === earliest ? range.from : archiveRange(begin).from,
    async last() {
      const toNow = { from: range.from, to: Math.max(range.to, now) };
      const all = filesOf(series, toNow, now).toReversed();
      const end = (await firstThere(all, "descending", { ...search, range: toNow })) ?? begin;
      return (await spanIn(archive, end, signal))?.last ?? range.to - 1;
    },
  };

  async function firstTime(from: Archive, of: Series, file: ArchiveFile, stop: AbortSignal | undefined) {
    const dayBefore = dayOf(archiveRange(file).from - DAY);
    const before = fileOn(of, dayBefore, now);
    // Behind the archive's own beginning only REST can tell.
    if (!before && of.market === "um") return undefined;
    if (before && (await from.has(before, stop))) return undefined;
    const { daily } = archiveBeginning(of);
    const isDaily = daily !== undefined && dayBefore >= daily && before !== undefined && isMonthly(before);
    if (isDaily && (await from.has({ series: of, span: dayBefore }, stop))) return undefined;
    // What begins with its file tells nothing, and where that day is stored it is known to.
    if (await isStored(dayOf(archiveRange(file).from))) return undefined;
    const first = (await spanIn(from, file, stop))?.first;
    // A file before it may be missing: only what begins within a file is sure to have begun there.
    return first === archiveRange(file).from ? undefined : first;
  }
}

/** The end of the last file of a range that is there, found without fetching any; undefined where none is. */
export async function archiveEnd(
  archive: Archive,
  series: Series,
  range: TimeRange,
  now: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const files = filesOf(series, range, now).toReversed();
  const last = await firstThere(files, "descending", { archive, range, now, signal });
  return last && archiveRange(last).to;
}
