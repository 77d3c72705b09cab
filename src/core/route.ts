import { archiveBeginning, badDay, dayIsOut, hasArchive, monthIsOut } from "./archive-calendar.ts";
import type { ArchiveFile } from "./archive-file.ts";
import type { Interval, Period } from "./interval.ts";
import type { Series, Venue } from "./series.ts";
import { type Day, monthOf } from "./time.ts";

/** Where a partition's rows are asked for first. */
export type Route = "archive-monthly" | "archive-daily" | "rest";

/** What the user allows: the plan's own choice, or one of the two ways alone. */
export type SourceChoice = "auto" | "rest" | "archive";

export interface Routed {
  readonly route: Route;
  /** For people: why this one. */
  readonly why: string;
}

/**
 * Archive or REST, from the partition and the venue's clock alone: never from the range that was asked for or from what
 * a run did before, so that any way to the same partition gives the same bytes.
 */
export function routeOf(series: Series, day: Day, now: number, choice: SourceChoice): Routed {
  if (!hasArchive(series)) return { route: "rest", why: unarchived(series) };
  if (choice === "rest") return { route: "rest", why: "REST alone is asked" };
  const bad = badDay(series, day);
  if (bad?.instead === "rest" && choice === "auto") return { route: "rest", why: bad.why };
  const daily = dayIsOut(series, day, now);
  if (bad?.instead === "archive-daily" && daily) return { route: "archive-daily", why: bad.why };
  if (monthIsOut(series, monthOf(day), now)) return { route: "archive-monthly", why: "the month's file is out" };
  const { monthly, daily: first } = archiveBeginning(series);
  if (daily) {
    return {
      route: "archive-daily",
      why: monthly ? "the day's file is out, the month's is not" : "the archive has it by day",
    };
  }
  const beginning = first ?? monthly ?? "";
  const isHead = day < beginning;
  return { route: "rest", why: isHead ? `the archive begins with ${beginning}` : "no archive file is out yet" };
}

const unarchived = ({ venue }: Series): string =>
  venue === "binance-us" ? "the venue publishes no archive" : "no archive that can be trusted has it";

/** The file that a route of the archive names. */
export const archiveFileOf = (series: Series, day: Day, route: Exclude<Route, "rest">): ArchiveFile => ({
  series,
  span: route === "archive-monthly" ? monthOf(day) : day,
});

/** Why no archive has what is wished, for people: where nothing else may be asked it is refused at once. */
export function whyUnarchived(topic: string, venue: Venue, interval: Interval, period: Period): string | undefined {
  if (venue === "binance-us") return "binance-us publishes no archives; Binance's own spot market is the venue binance";
  if ((topic === "spot" || topic === "futures") && ["3d", "1w", "1M"].includes(interval))
    return `the archive's last ${interval} candle of a file may not have closed, so REST alone is trusted with them`;
  if (topic === "open-interest" && period !== "5m") return `the archive has open interest of 5m, none of ${period}`;
  return undefined;
}
