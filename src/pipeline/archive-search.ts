import { archiveBeginning, dayIsOut, monthIsOut } from "../core/archive-calendar.ts";
import { type ArchiveFile, archiveKey, archiveRange, isMonthly } from "../core/archive-file.ts";
import { LATENESS } from "../core/late-file.ts";
import type { Series } from "../core/series.ts";
import { DAY, type Day, dayOf, daysOf, monthOf, startOfDay, type TimeRange, timeOfDay } from "../core/time.ts";
import type { Archive } from "../ports.ts";

/** Questions at once, while nobody knows where the files begin. */
const WIDTH = 16;

/** So far back every file is looked for, late ones too; farther back two days of a month stand for it. */
export const NEAR = LATENESS;

/**
 * Looks for a series' files without fetching any. It goes by what is out, a month's file before its days': dates that a
 * month's file has wrong are in it all the same.
 */
export class ArchiveSearch {
  readonly #archive: Archive;
  readonly #series: Series;
  readonly #now: number;
  readonly #signal: AbortSignal | undefined;

  constructor(archive: Archive, series: Series, now: number, signal?: AbortSignal) {
    this.#archive = archive;
    this.#series = series;
    this.#now = now;
    this.#signal = signal;
  }

  /** The first file of a range that is there. */
  first(range: TimeRange): Promise<ArchiveFile | undefined> {
    return this.#find(this.#files(daysOf(range)), range, "ascending");
  }

  /** The last file of a range that is there. */
  last(range: TimeRange): Promise<ArchiveFile | undefined> {
    return this.#find(this.#files(daysOf(range)).toReversed(), range, "descending");
  }

  /** A file of the days before `time`, the nearest as a rule: none may be missing there, or many. */
  async before(time: number, reach = Number.POSITIVE_INFINITY): Promise<ArchiveFile | undefined> {
    const { monthly, daily } = archiveBeginning(this.#series);
    const beginning = Math.min(
      ...[monthly && `${monthly}-01`, daily].flatMap((day) => (day === undefined ? [] : [timeOfDay(day)])),
    );
    const range = { from: Math.max(beginning, startOfDay(time) - reach), to: time };
    const near = startOfDay(time) - NEAR;
    const days = daysOf(range).filter((day) => monthly || timeOfDay(day) >= near || /-(?:01|15)$/.test(day));
    // A month's file that reaches over `time` may be of the days after it alone.
    const isBefore = (file: ArchiveFile): boolean => archiveRange(file).to <= time;
    return this.#find(this.#files(days).toReversed(), range, "descending", isBefore);
  }

  /** Whether the archive can have files of the day before `time`. */
  mayPrecede(time: number): boolean {
    return this.#fileOn(dayOf(time - DAY)) !== undefined;
  }

  #fileOn(day: Day): ArchiveFile | undefined {
    const series = this.#series;
    if (monthIsOut(series, monthOf(day), this.#now)) return { series, span: monthOf(day) };
    return dayIsOut(series, day, this.#now) ? { series, span: day } : undefined;
  }

  #files(days: readonly Day[]): ArchiveFile[] {
    const files = new Map<string, ArchiveFile>();
    for (const day of days) {
      const file = this.#fileOn(day);
      if (file) files.set(archiveKey(file), file);
    }
    return [...files.values()];
  }

  /** The days of a month that have files of their own, as far as the range goes. */
  #daysIn(file: ArchiveFile, range: TimeRange): ArchiveFile[] {
    if (!isMonthly(file)) return [];
    const { from, to } = archiveRange(file);
    const days = daysOf({ from: Math.max(from, range.from), to: Math.min(to, range.to) });
    return days.filter((day) => dayIsOut(this.#series, day, this.#now)).map((span) => ({ series: this.#series, span }));
  }

  /**
   * A month's file may be late, or was never made: then its days' own are looked for; of the month that is nearest all
   * of them, of others the first, the last and one between.
   */
  async #find(
    files: readonly ArchiveFile[],
    range: TimeRange,
    direction: "ascending" | "descending",
    isCounted: (file: ArchiveFile) => boolean = () => true,
  ): Promise<ArchiveFile | undefined> {
    const has = (file: ArchiveFile): Promise<boolean> => this.#archive.has(file, this.#signal);
    const look = async (file: ArchiveFile, index: number): Promise<"itself" | "days" | undefined> => {
      if (isCounted(file) && (await has(file))) return "itself";
      const days = this.#daysIn(file, range);
      const some = new Set(index === 0 ? days : [days[0], days[days.length >> 1], days.at(-1)]);
      const there = await Promise.all([...some].map((day) => day && has(day)));
      return there.includes(true) ? "days" : undefined;
    };
    // Nearly always the first one is there: it is asked for alone.
    for (let at = 0; at < files.length; at += at === 0 ? 1 : WIDTH) {
      const some = files.slice(at, at === 0 ? 1 : at + WIDTH);
      const there = await Promise.all(some.map((file, i) => look(file, at + i)));
      const index = there.findIndex((what) => what !== undefined);
      const found = some[index];
      if (!found) continue;
      if (there[index] === "itself") return found;
      const days = this.#daysIn(found, range);
      return this.#find(direction === "ascending" ? days : days.toReversed(), range, direction);
    }
    return undefined;
  }
}
