import { decodeArchive } from "../archive/decode.ts";
import { type ArchiveFile, archiveKey } from "../core/archive-file.ts";
import { numbers } from "../core/batch.ts";
import { archiveFileOf, routeOf } from "../core/route.ts";
import type { Series } from "../core/series.ts";
import { DAY, type Day, dayOf, daysOf, type TimeRange } from "../core/time.ts";
import type { Archive } from "../ports.ts";

/** What the archive has of a series, as far as a range tells. */
export interface ArchiveBounds {
  /** Event time of the series' first row; undefined where it began before the range, or nobody can tell. */
  readonly first: number | undefined;
  /** The last day that a file of the range is of, and the event time of the last row in it. */
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

async function firstThere(
  archive: Archive,
  files: readonly ArchiveFile[],
  signal: AbortSignal | undefined,
): Promise<ArchiveFile | undefined> {
  // Nearly always the first one is there: it is asked for alone.
  for (let at = 0; at < files.length; at += at === 0 ? 1 : WIDTH) {
    const some = files.slice(at, at === 0 ? 1 : at + WIDTH);
    const there = await Promise.all(some.map((file) => archive.has(file, signal)));
    const found = there.indexOf(true);
    if (found >= 0) return some[found];
  }
  return undefined;
}

/** First and last event time of a file, in milliseconds. */
async function spanIn(archive: Archive, file: ArchiveFile, signal: AbortSignal | undefined) {
  const fetched = await archive.fetch(file, signal);
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
 */
export async function archiveBounds(
  archive: Archive,
  series: Series,
  range: TimeRange,
  now: number,
  signal?: AbortSignal,
): Promise<ArchiveBounds | undefined> {
  const files = filesOf(series, range, now);
  const [earliest] = files;
  const begin = await firstThere(archive, files, signal);
  if (!begin || !earliest) return undefined;
  return {
    first: await firstTime(archive, series, begin, signal),
    async last() {
      const end = (await firstThere(archive, files.toReversed(), signal)) ?? begin;
      return (await spanIn(archive, end, signal))?.last ?? range.to - 1;
    },
  };

  async function firstTime(from: Archive, of: Series, file: ArchiveFile, stop: AbortSignal | undefined) {
    const before = fileOn(of, dayOf(archiveStart(file) - DAY), now);
    // Behind the archive's own beginning only REST can tell.
    if (!before && of.market === "um") return undefined;
    if (before && (await from.has(before, stop))) return undefined;
    return (await spanIn(from, file, stop))?.first;
  }
}

const archiveStart = ({ span }: ArchiveFile): number => Date.parse(span.length === 7 ? `${span}-01` : span);
