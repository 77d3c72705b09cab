import type { Entry } from "./manifest.ts";
import type { Series } from "./series.ts";
import { DAY, type Day, dayOf, type Month, timeOfDay } from "./time.ts";

const INGEST: Record<Series["kind"], (series: Series) => string> = {
  klines: (series) =>
    series.market === "spot"
      ? `spot --venue ${series.venue} --symbol ${series.symbol} --interval ${series.step}`
      : `futures --symbol ${series.symbol} --interval ${series.step}`,
  metrics: (series) => `futures --symbol ${series.symbol} --interval ${series.step}`,
  funding: (series) => `funding --symbol ${series.symbol}`,
  "open-interest": (series) => `open-interest --symbol ${series.symbol} --period ${series.step}`,
};

/** A month or day, or all days from the first to the last one. */
export type Dates = Day | Month | readonly [first: Day, last: Day];

function rangeOf(dates: Dates): string {
  if (typeof dates === "string") return `--date ${dates}`;
  const [first, last] = dates;
  return `--from ${first} --to ${dayOf(timeOfDay(last) + DAY)}`;
}

/**
 * The command that fetches what is missing there, or known to be wrong.
 * @param flags more options, ` --source rest`
 */
export function fetchCommand(series: Series, dates: Dates, flags = ""): string {
  const ingest = INGEST[series.kind](series);
  const made = series.venue === "synthetic";
  const text = `candlelake ingest ${made ? ingest.replace(" --venue synthetic", "") : ingest} ${rangeOf(dates)}${flags}`;
  return made ? `${text} --synthetic` : text;
}

/** The command that fetches everything there again, and takes what there is. */
export const refetchCommand = (series: Series, dates: Dates, more = ""): string =>
  fetchCommand(series, dates, `${more} --force`);

const PERIOD = /^open_interest\/(\w+)\//;

/** The options without which a derived day would be made of other open interest than it was: ` --period 1h`. */
export function inputFlags({ inputs }: Pick<Entry, "inputs">): string {
  const period = Object.keys(inputs ?? {}).flatMap((name) => PERIOD.exec(name)?.[1] ?? [])[0];
  return period === undefined || period === "5m" ? "" : ` --period ${period}`;
}
