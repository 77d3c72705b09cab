import { UsageError } from "./errors.ts";

/** Times are milliseconds since 1970-01-01T00:00:00Z unless a name says `Micros`. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Half-open: `from` belongs to it, `to` does not. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** A UTC day as `YYYY-MM-DD`. */
export type Day = string;
/** A UTC calendar month as `YYYY-MM`. */
export type Month = string;

export const startOfDay = (time: number): number => Math.floor(time / DAY) * DAY;

export const dayOf = (time: number): Day => new Date(time).toISOString().slice(0, 10);
export const timeOfDay = (day: Day): number => Date.parse(`${day}T00:00:00Z`);
export const monthOf = (day: Day): Month => day.slice(0, 7);
export const dayRange = (day: Day): TimeRange => ({ from: timeOfDay(day), to: timeOfDay(day) + DAY });

export function monthRange(month: Month): TimeRange {
  const [year = 0, index = 0] = month.split("-").map(Number);
  return { from: Date.UTC(year, index - 1, 1), to: Date.UTC(year, index, 1) };
}

/** Days that a range touches, ascending. */
export function daysOf(range: TimeRange): Day[] {
  if (range.from >= range.to) return [];
  const days: Day[] = [];
  for (let time = startOfDay(range.from); time < range.to; time += DAY) days.push(dayOf(time));
  return days;
}

/** Months that a range touches, ascending. */
export function monthsOf(range: TimeRange): Month[] {
  if (range.from >= range.to) return [];
  const months: Month[] = [];
  let month = dayOf(range.from).slice(0, 7);
  const last = dayOf(range.to - 1).slice(0, 7);
  while (month <= last) {
    months.push(month);
    month = dayOf(monthRange(month).to).slice(0, 7);
  }
  return months;
}

/** ISO 8601 with `Z` and three digits of fraction. */
export const iso = (time: number): string => new Date(time).toISOString();

/** ISO 8601 of microseconds since the epoch: six digits of fraction where the microseconds are not zero, else three. */
export function isoMicros(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = micros - millis * 1000;
  const text = new Date(millis).toISOString();
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}

const EARLIEST = Date.UTC(2009, 0, 3);

const DATE = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})$/;

function calendarDay(year: number, month: number, day: number): number | undefined {
  const time = Date.UTC(year, month - 1, day);
  const back = new Date(time);
  return back.getUTCFullYear() === year && back.getUTCMonth() === month - 1 && back.getUTCDate() === day
    ? time
    : undefined;
}

/**
 * Reads `2025-01-01`, `2025-01`, or an instant with `Z` or an offset.
 * The range is what the text names: a day, a month, or an empty range at the instant.
 * @throws UsageError where the text is none of these or no such date exists
 */
export function parseTime(text: string, flag: string): TimeRange {
  const refuse = (why: string): never => {
    throw new UsageError(
      "bad-date",
      `${flag} ${JSON.stringify(text)}: ${why}. Write 2025-01-01, 2025-01, or an instant such as 2025-01-01T12:00Z.`,
      "candlelake ingest --help",
    );
  };
  const date = DATE.exec(text);
  let range: TimeRange;
  if (date) {
    const [, year, month, day] = date;
    const from = calendarDay(Number(year), Number(month), day === undefined ? 1 : Number(day));
    if (from === undefined) return refuse("there is no such date");
    range = day === undefined ? monthRange(text) : { from, to: from + DAY };
  } else {
    const instant = INSTANT.exec(text);
    if (!instant?.[1]) {
      const isBare = INSTANT.test(`${text}Z`);
      return refuse(
        isBare ? "an instant says in which clock: end it with Z, or an offset such as +01:00" : "not a date",
      );
    }
    const [year = 0, month = 0, day = 0] = instant[1].split("-").map(Number);
    const time = calendarDay(year, month, day) === undefined ? Number.NaN : Date.parse(text);
    if (Number.isNaN(time)) return refuse("there is no such time");
    range = { from: time, to: time };
  }
  if (range.from < EARLIEST) return refuse("no market was open then");
  return range;
}
