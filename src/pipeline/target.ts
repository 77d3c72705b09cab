import { hasArchive } from "../core/archive-calendar.ts";
import { SourceError } from "../core/errors.ts";
import type { Target } from "../core/goal.ts";
import { LATENESS } from "../core/late-file.ts";
import { unaskedGaps } from "../core/manifest.ts";
import { hasRows } from "../core/partition.ts";
import { routeOf } from "../core/route.ts";
import { type Series, seriesLabel } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import {
  DAY,
  type Day,
  dayOf,
  daysOf,
  monthOf,
  monthsOf,
  startOfDay,
  type TimeRange,
  timeOfDay,
} from "../core/time.ts";
import { tableOf } from "../market/tables.ts";
import { type ArchiveEnd, archiveBounds, archiveEnd } from "./archive-bounds.ts";
import { ArchiveSearch, NEAR } from "./archive-search.ts";
import type { Lake } from "./lake.ts";
import { expected, type Ways } from "./ways.ts";

/** Days from the first one that the archive can have to the last one; undefined where it has none. */
function archivedDays(series: Series, range: TimeRange, now: number): TimeRange | undefined {
  const days = daysOf(range).filter((day) => routeOf(series, day, now, "archive").route !== "rest");
  const [first, last] = [days[0], days.at(-1)];
  return first && last ? { from: timeOfDay(first), to: timeOfDay(last) + DAY } : undefined;
}

/** One series over a range as a target, undefined where nobody can have any of it; notes tell of what is left out. */
export async function targetOf(
  series: Series,
  whole: TimeRange,
  force: boolean,
  ways: Ways,
  lake: Lake,
  note: (text: string) => void,
  signal?: AbortSignal,
): Promise<Target | undefined> {
  const { now, source, error, restError } = ways;
  const archive = hasArchive(series) ? ways.archive : undefined;
  const choice = archive || ways.choice === "archive" ? ways.choice : "rest";
  const range = choice === "archive" ? archivedDays(series, whole, now) : whole;
  if (!range || range.from > whole.from || range.to < whole.to) note(archiveEnds(series, range));
  if (!range) return undefined;
  const table: TableName = tableOf(series).name;
  const base: Target = {
    table,
    series,
    range,
    now,
    first: undefined,
    force,
    choice,
    ...(restError ? { restError } : {}),
  };
  if (error) return { ...base, error };
  const { listed: told, ended } = await lake.bounds(table, series, range);
  const over = (target: Target, last: number): Target => {
    note(`${seriesLabel(series)} is no longer traded, or under another name: its archive ends on ${dayOf(last)}.`);
    return {
      ...target,
      ended: last,
      range: { ...target.range, to: Math.max(target.range.from, Math.min(target.range.to, startOfDay(last) + DAY)) },
    };
  };
  /** A last file that is there and cannot be taken does not tell when in it the last row was. */
  const overWith = (target: Target, { file, last }: ArchiveEnd): Target => {
    const isWithin = ended !== undefined && ended >= file.from && ended < file.to;
    const end = last ?? (isWithin ? ended : undefined);
    return end === undefined ? { ...over(target, file.to - 1), isOpenEnd: true } : over(target, end);
  };
  const isStored = async (day: Day): Promise<boolean> => {
    await lake.open(table, series, [monthOf(day)]);
    return (lake.entry(table, series, day)?.rows ?? 0) > 0;
  };
  /** The series' last files may not have been out when its end was read, as funding's of the month never are. */
  const isPastLag = async (end: number): Promise<boolean> => {
    await lake.open(table, series, [monthOf(dayOf(end))]);
    return (lake.entry(table, series, dayOf(end))?.asOf ?? 0) >= end + LATENESS;
  };
  /**
   * Where REST is not there to have the rest: without this every day behind the last file would be asked for in vain.
   * The archive alone is content with its files. Where REST is to be asked and cannot be, the days wait for it, however
   * many they are: files may be late, and that a series has ended only a venue that answers can tell. What lies between
   * files is missing whatever the range, so the archive alone is looked through to its end.
   */
  const withEnd = async (target: Target): Promise<Target> => {
    const { from, to } = target.range;
    if (!archive || (choice === "auto" && !target.restError) || (await isStored(dayOf(to - 1)))) return target;
    const endOf = (range: TimeRange) => archiveEnd(archive, series, range, now, signal);
    // Nearly always the last day's file is there, and tells it alone.
    const isWhole = ((await endOf({ from: Math.max(from, to - DAY), to })) ?? 0) >= to;
    const end = isWhole ? to : await endOf({ from, to: choice === "archive" ? Math.max(to, now) : to });
    if (end === undefined) return choice === "archive" ? { ...target, filed: from } : target;
    if (end >= to) return target;
    note(`The archive has no file of ${seriesLabel(series)} after ${dayOf(end - DAY)} (yet).`);
    return choice === "archive" ? { ...target, range: { from, to: end } } : { ...target, filed: end };
  };
  const isDoubtful = told !== undefined && range.from < startOfDay(told);
  const hasRest = choice !== "archive" && !restError;
  /** Something of the whole days is to be asked for, or none of the last one is there. */
  const isOpen = async (): Promise<boolean> => {
    const to = Math.min(range.to, startOfDay(now));
    if (force || !(await isStored(dayOf(to - DAY)))) return true;
    await lake.open(table, series, monthsOf(range));
    const isDue = (day: Day): boolean => {
      const entry = lake.entry(table, series, day);
      return entry ? unaskedGaps(entry).length > 0 : hasRows(series, day, now, told);
    };
    return daysOf({ from: range.from, to }).some(isDue);
  };
  // The series may have ended since it was last asked for: then there is nobody to ask for what is open.
  const isBehind = hasRest && archive && (await isOpen());
  if (told !== undefined && !isDoubtful && !isBehind && ended === undefined) return withEnd({ ...base, first: told });
  const known = ended !== undefined && !force && (await isPastLag(ended)) ? ended : undefined;
  // Where nobody knows its beginning, the first file may have been mended since.
  if (!isDoubtful && known !== undefined && (told !== undefined || !archive))
    return over({ ...base, first: told }, known);
  let refusal = restError;
  if (hasRest && known === undefined) {
    try {
      const first = await source.first(series, signal);
      const traded: Target = { ...base, ...(ended === undefined ? {} : { isTraded: true }) };
      if (told === undefined || first < told) return { ...traded, first, isNews: true, ...misdated(told) };
      return { ...traded, first: told };
    } catch (thrown) {
      refusal = expected(thrown);
    }
  }
  if (!archive)
    return told === undefined ? { ...base, error: refusal ?? unknown(series, ways) } : { ...base, first: told };
  try {
    const search = new ArchiveSearch(archive, series, now, signal);
    const isWrong =
      isDoubtful && (await search.before(startOfDay(told), force || range.to <= told ? undefined : NEAR)) !== undefined;
    const listed = isWrong ? undefined : told;
    const isOver = refusal?.code === "unknown-symbol" || ended !== undefined;
    if (listed !== undefined && !isOver) return await withEnd({ ...base, first: listed });
    if (listed !== undefined && known !== undefined) return over({ ...base, first: listed }, known);
    const bounds = await archiveBounds(archive, series, range, now, isStored, signal);
    const isBetween = async () =>
      choice === "archive" && (await search.first({ from: range.to, to: now })) !== undefined;
    if (!bounds || !(bounds.isThere || isOver || (await isBetween())))
      return { ...base, error: refusal ?? unknown(series, ways) };
    if (bounds.begin > range.from)
      note(`The archive's first file of ${seriesLabel(series)} is of ${dayOf(bounds.begin)}.`);
    const target: Target = {
      ...base,
      first: listed ?? bounds.first,
      isNews: true,
      range: { from: bounds.begin, to: range.to },
      ...(refusal ? { restError: refusal } : {}),
      ...(isWrong ? misdated(told) : {}),
    };
    if (!isOver) return await withEnd(target);
    return known === undefined ? overWith(target, await bounds.end()) : over(target, known);
  } catch (thrown) {
    const failure = expected(thrown);
    if (known !== undefined && !isDoubtful) return over({ ...base, first: told }, known);
    if (refusal?.code !== "unknown-symbol" || failure.code !== "unreachable") return { ...base, error: failure };
    // The venue has answered: that the archive could not be asked besides is no cause.
    note(`Whether the archive has ${seriesLabel(series)} is not known: ${failure.message}`);
    return { ...base, error: refusal };
  }
}

/** What was recorded as a series' beginning, and is not. */
const misdated = (told: number | undefined) => (told === undefined ? {} : { misdated: told });

const archiveEnds = (series: Series, range: TimeRange | undefined): string =>
  range
    ? `The archive has ${seriesLabel(series)} from ${dayOf(range.from)} to ${dayOf(range.to - DAY)} at most; the rest is REST's.`
    : `The archive has nothing of ${seriesLabel(series)} there; REST may have it.`;

const unknown = (series: Series, { archive }: Ways): SourceError =>
  new SourceError(
    "unknown-symbol",
    `${archive?.host ?? "The archive"} has no file of ${seriesLabel(series)} in these days.`,
    "candlelake ingest --help",
  );
