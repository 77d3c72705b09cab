import { type ArchiveRows, decodeArchive } from "../archive/decode.ts";
import { opensOnTime } from "../archive/opening.ts";
import { type ArchiveFile, archiveKey, archiveRange } from "../core/archive-file.ts";
import { numbers } from "../core/batch.ts";
import { DataError } from "../core/errors.ts";
import type { Series } from "../core/series.ts";
import { DAY, type Day, dayOf, type TimeRange } from "../core/time.ts";
import type { Archive } from "../ports.ts";
import { ArchiveSearch } from "./archive-search.ts";

/** What the archive has of a series, as far as a range tells. */
export interface ArchiveBounds {
  /** Event time of the series' first row; undefined where it began before the range, or nobody can tell. */
  readonly first: number | undefined;
  /** Before this the archive has no file at all; the range's own beginning where it has some before. */
  readonly begin: number;
  /** Whether the range has a file: where it has none, others have been found before it. */
  readonly isThere: boolean;
  /** Where the archive's last file of the series ends, wherever the range does. */
  end(): Promise<ArchiveEnd>;
}

/** The last file of a series. */
export interface ArchiveEnd {
  readonly file: TimeRange;
  /** Event time of its last row; undefined where the file cannot be taken. */
  readonly last: number | undefined;
}

const MICROS = 1000;

/** What is wrong with a file is said of its days, when they are taken: of the series it says nothing. */
function unlessData(error: unknown): undefined {
  if (!(error instanceof DataError)) throw error;
}

/** First and last event time of a file, in milliseconds; undefined where it cannot tell. */
async function spanIn(
  archive: Archive,
  file: ArchiveFile,
  signal: AbortSignal | undefined,
): Promise<{ readonly first: number; readonly last: number } | undefined> {
  const fetched = await archive.peek(file, signal).catch(unlessData);
  if (!fetched) return undefined;
  let rows: ArchiveRows;
  try {
    rows = decodeArchive(fetched.zip, file, `${archive.host}/${archiveKey(file)}`, "");
  } catch (error) {
    unlessData(error);
    const isStale = await archive.discard(file, fetched.sha256, error as DataError);
    return isStale ? spanIn(archive, file, signal) : undefined;
  }
  const { batch, broken } = rows;
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const extend = (time: number) => {
    first = Math.min(first, time);
    last = Math.max(last, time);
  };
  for (const micros of numbers(batch, batch.table.eventTime).values) extend(micros / MICROS);
  // A row that cannot be read was one all the same.
  for (const { time, reason } of broken) if (reason !== "outside" && reason !== "key") extend(time);
  return batch.rows > 0 ? { first, last } : undefined;
}

/** The same of the first event alone, which the first line may tell. */
async function firstIn(
  archive: Archive,
  file: ArchiveFile,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const fetched = await archive.peek(file, signal).catch(unlessData);
  if (fetched && opensOnTime(fetched.zip, file)) return startOf(file);
  return fetched && (await spanIn(archive, file, signal))?.first;
}

const startOf = (file: ArchiveFile): number => archiveRange(file).from;

/**
 * Where a series begins and ends, asked of the archive alone: for places that REST refuses, and for symbols that are no
 * longer traded. undefined where the archive has no file of the range, nor any before it.
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
  const search = new ArchiveSearch(archive, series, now, signal);
  let head = await search.first(range);
  let within: number | undefined;
  if (head && startOf(head) <= range.from) {
    const isOld = (await search.before(startOf(head), DAY)) !== undefined;
    within = isOld ? undefined : await firstTime(head);
    // Its first row tells nothing, and so would whatever lies before it.
    if (within === undefined) return boundsOf(head, undefined, range.from, true);
  }
  // A file that is missing is no beginning: what lies before it is looked for back to where archives begin.
  let before = await search.before(head ? startOf(head) : range.from);
  while (before && archiveRange(before).to > range.from) {
    head = before;
    before = await search.before(startOf(head));
  }
  const any = head ?? before;
  if (!any) return undefined;
  if (before || !head) return boundsOf(any, undefined, range.from, head !== undefined);
  return boundsOf(any, within ?? (await firstTime(head)), Math.max(range.from, startOf(head)), true);

  function boundsOf(file: ArchiveFile, first: number | undefined, begin: number, isThere: boolean): ArchiveBounds {
    const end = async (): Promise<ArchiveEnd> => {
      const tail = (await search.last({ from: startOf(file), to: Math.max(range.to, now) })) ?? file;
      const span = await spanIn(archive, tail, signal);
      // A value at the midnight after the last day is no reason for a day of its own, which has no file.
      return { file: archiveRange(tail), last: span && Math.min(span.last, archiveRange(tail).to - 1) };
    };
    return { first, begin, isThere, end };
  }

  async function firstTime(file: ArchiveFile): Promise<number | undefined> {
    // Behind the archive's own beginning only REST can tell.
    if (series.market === "um" && !search.mayPrecede(startOf(file))) return undefined;
    // What begins with its file tells nothing, and where that day is stored it is known to.
    if (await isStored(dayOf(startOf(file)))) return undefined;
    const first = await firstIn(archive, file, signal);
    // The file before it may be the one that is missing: only what begins within a file is sure to have begun there.
    return first === startOf(file) ? undefined : first;
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
  const last = await new ArchiveSearch(archive, series, now, signal).last(range);
  return last && archiveRange(last).to;
}
