import { type ArchiveFile, archiveName } from "./archive-file.ts";
import type { Entry } from "./manifest.ts";
import type { Series } from "./series.ts";
import { DAY, type Day, dayOf, timeOfDay } from "./time.ts";

/** So long a file may be late. */
export const LATENESS = 62 * DAY;

/** The file that has a day's first value, where that is not its own: those of open interest end with a midnight. */
export const fileBefore = (series: Series, day: Day): ArchiveFile | undefined =>
  series.kind === "open-interest" ? { series, span: dayOf(timeOfDay(day) - DAY) } : undefined;

/** Whether a stored day of the archive lacks its first value because a file was not there that may only have been late. */
export function mayBeLate(series: Series, day: Day, { gaps, archives }: Entry, now: number): boolean {
  const before = fileBefore(series, day);
  const [head] = gaps;
  const start = timeOfDay(day);
  if (!before || !archives || head?.from !== start || head.class !== "not-fetched") return false;
  return archives[archiveName(before)] === undefined && now < start + LATENESS;
}
