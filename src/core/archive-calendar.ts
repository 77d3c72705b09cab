import type { Interval } from "./interval.ts";
import type { Market, Series } from "./series.ts";
import { DAY, type Day, HOUR, type Month, monthRange, timeOfDay } from "./time.ts";

// What the bulk archive holds, and when it publishes it: facts of the venue's public listing (August 2026) and its
// readme, as data.

/** First files of the archive of a kind; undefined where it has none of that grain. */
interface Beginning {
  readonly monthly: Month | undefined;
  readonly daily: Day | undefined;
}

const NOTHING: Beginning = { monthly: undefined, daily: undefined };

/**
 * Candles of futures from 2019-09-08 to 2019-12-30 and funding of 2019 exist nowhere but behind REST. Funding comes by
 * month only, metrics (open interest of 5 minutes) by day only.
 */
const BEGINNING: Readonly<Record<string, Beginning>> = {
  "klines spot": { monthly: "2017-08", daily: "2017-08-17" },
  "klines um": { monthly: "2020-01", daily: "2019-12-31" },
  "funding um": { monthly: "2020-01", daily: undefined },
  "open-interest um": { monthly: undefined, daily: "2020-09-01" },
};

/**
 * Candles longer than a day: a month's file is made when the month is over, and the last one in it may not have closed
 * by then. Nothing in the file tells; REST brings years of them in one request.
 */
const LONG: ReadonlySet<string> = new Set<Interval>(["3d", "1w", "1M"]);

/** First files of a series' archive as far as the calendar knows; a symbol may have been listed later. */
export function archiveBeginning({ kind, market, step }: Series): Beginning {
  const isKept = kind === "klines" ? !LONG.has(String(step)) : kind === "funding" || step === "5m";
  return (isKept ? BEGINNING[`${kind} ${market}`] : undefined) ?? NOTHING;
}

export function hasArchive(series: Series): boolean {
  const { monthly, daily } = archiveBeginning(series);
  return series.venue !== "binance-us" && (monthly !== undefined || daily !== undefined);
}

/** Milliseconds after a day's or month's end from which its file is looked for; it may be later, or days late. */
export const DAILY_LAG = 8 * HOUR;
export const MONTHLY_LAG = 12 * HOUR;

/** Whether the file of a whole month is to be expected by `now`. */
export function monthIsOut(series: Series, month: Month, now: number): boolean {
  const { monthly } = archiveBeginning(series);
  return monthly !== undefined && month >= monthly && now >= monthRange(month).to + MONTHLY_LAG;
}

/** Whether the file of a day is to be expected by `now`. */
export function dayIsOut(series: Series, day: Day, now: number): boolean {
  const { daily } = archiveBeginning(series);
  return daily !== undefined && day >= daily && now >= timeOfDay(day) + DAY + DAILY_LAG;
}

interface BadDay {
  readonly market: Market;
  readonly day: Day;
  /** undefined: every symbol. */
  readonly symbol?: string;
  readonly step?: Interval;
  /** What is right where the monthly file is not. */
  readonly instead: "archive-daily" | "rest";
  readonly why: string;
}

const DAILY_RIGHT = "its monthly file is known to be wrong there, the daily one is not";
const daily = (market: Market, ...days: readonly Day[]): BadDay[] =>
  days.map((day) => ({ market, day, instead: "archive-daily", why: DAILY_RIGHT }));

/**
 * Dates on which monthly files lack days or differ from daily ones and REST, and one on which both are wrong: from the
 * archive's public issue threads (186, 253, 475, 395).
 */
const BAD_DAYS: readonly BadDay[] = [
  ...daily("spot", "2020-12-21", "2021-01-21", "2021-04-22", "2021-04-23", "2021-09-23", "2021-09-29"),
  ...daily("um", "2022-06-09", "2023-04-07"),
  {
    market: "um",
    symbol: "BTCUSDT",
    step: "1m",
    day: "2025-01-29",
    instead: "rest",
    why: "the archive's volumes are known to be zeroed there",
  },
];

/** What the venue's archive is known to have wrong on a day. */
export function badDay({ kind, market, symbol, step }: Series, day: Day): BadDay | undefined {
  if (kind !== "klines") return undefined;
  return BAD_DAYS.find(
    (bad) =>
      bad.market === market && bad.day === day && (bad.symbol ?? symbol) === symbol && (bad.step ?? step) === step,
  );
}

/** Whether rows of a day came from a file that is known to have it wrong. @param source of the day's entry */
export function isKnownWrong(series: Series, day: Day, source: string): boolean {
  const bad = badDay(series, day);
  return bad !== undefined && source.includes(bad.instead === "rest" ? "archive" : "archive-monthly");
}

/** From this day on the labels of metrics begin their period; before, they end it. The change was never announced. */
export const METRICS_LABELS_BEGIN: Day = "2026-06-25";
