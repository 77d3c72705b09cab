import { hasArchive } from "../core/archive-calendar.ts";
import { SourceError } from "../core/errors.ts";
import type { Target } from "../core/plan.ts";
import { routeOf } from "../core/route.ts";
import { type Series, seriesLabel } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import { DAY, dayOf, daysOf, startOfDay, type TimeRange, timeOfDay } from "../core/time.ts";
import { tableOf } from "../market/tables.ts";
import { archiveBounds } from "./archive-bounds.ts";
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
  const base = { table, series, range, now, force, choice, ...(restError ? { restError } : {}) };
  if (error) return { ...base, first: undefined, error };
  const { listed, ended } = await lake.bounds(table, series);
  const over = (last: number) => {
    note(`${seriesLabel(series)} is no longer traded, or under another name: its archive ends on ${dayOf(last)}.`);
    return { ended: last, range: { from: range.from, to: Math.min(range.to, startOfDay(last) + DAY) } };
  };
  if (listed !== undefined) return { ...base, first: listed, ...(ended === undefined || force ? {} : over(ended)) };
  let refusal = restError;
  if (choice !== "archive" && !restError) {
    try {
      return { ...base, first: await source.first(series, signal), isNews: true };
    } catch (thrown) {
      refusal = expected(thrown);
    }
  }
  if (!archive) return { ...base, first: undefined, error: refusal ?? unknown(series, ways) };
  try {
    const bounds = await archiveBounds(archive, series, range, now, signal);
    if (!bounds) return { ...base, first: undefined, error: refusal ?? unknown(series, ways) };
    const target: Target = { ...base, first: bounds.first, isNews: true, ...(refusal ? { restError: refusal } : {}) };
    if (refusal?.code !== "unknown-symbol") return target;
    return { ...target, ...over(await bounds.last()) };
  } catch (thrown) {
    return { ...base, first: undefined, error: expected(thrown) };
  }
}

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
