import { dayIsOut } from "./archive-calendar.ts";
import { type ArchiveFile, archiveName } from "./archive-file.ts";
import type { GapClass } from "./gap.ts";
import type { Entry } from "./manifest.ts";
import { archiveFileOf, routeOf, type SourceChoice } from "./route.ts";
import type { Series } from "./series.ts";
import { DAY, type Day, dayOf, timeOfDay } from "./time.ts";

/** So long a file may be late. */
export const LATENESS = 62 * DAY;

/** Gaps that a file which comes late may fill. */
const LACKING: ReadonlySet<GapClass> = new Set(["unknown", "not-published", "not-fetched"]);

/** The file that has a day's first value, where that is not its own: those of open interest end with a midnight. */
export const fileBefore = (series: Series, day: Day): ArchiveFile | undefined =>
  series.kind === "open-interest" ? { series, span: dayOf(timeOfDay(day) - DAY) } : undefined;

/**
 * The file of which a stored day lacks values because it was not there, and may only have been late. What REST may have is
 * asked of it instead.
 * @param hasRest REST is there to be asked
 */
export function lateFile(
  series: Series,
  day: Day,
  { rows, gaps, archives }: Entry,
  now: number,
  hasRest: boolean,
): "its file" | "the file of the day before" | undefined {
  const [head] = gaps;
  if (!head) return undefined;
  const start = timeOfDay(day);
  if (!archives) {
    // REST had a part of it. One without rows was settled so, or would have waited.
    const isPart = rows > 0 && gaps.some((gap) => gap.class === "not-published");
    return isPart && now < start + DAY + LATENESS ? "its file" : undefined;
  }
  const before = fileBefore(series, day);
  if (!before || head.from !== start || !LACKING.has(head.class) || archives[archiveName(before)]) return undefined;
  const isOpen = now < start + LATENESS && !(hasRest && head.class === "not-fetched");
  return isOpen ? "the file of the day before" : undefined;
}

/** The files that a stored day was made without, and that may have what it lacks. */
export function lackedFiles(
  series: Series,
  day: Day,
  { gaps, archives }: Entry,
  now: number,
  choice: SourceChoice,
): ArchiveFile[] {
  if (gaps.every((gap) => gap.class === "exchange-halt")) return [];
  const { route } = routeOf(series, day, now, choice);
  if (route === "rest") return [];
  const isTaken = (file: ArchiveFile) => archives?.[archiveName(file)] !== undefined;
  const own = archiveFileOf(series, day, route);
  const files = [own];
  // What a month's file lacks is looked for in the day's own.
  if (route === "archive-monthly" && dayIsOut(series, day, now)) files.push({ series, span: day });
  const before = fileBefore(series, day);
  // Without its own a day is not made of the file before it.
  if (before && isTaken(own) && gaps[0]?.from === timeOfDay(day) && dayIsOut(series, before.span, now))
    files.push(before);
  return files.filter((file) => !isTaken(file));
}
