import { archiveBeginning, DAILY_LAG, dayIsOut, MONTHLY_LAG, monthIsOut } from "../../core/archive-calendar.ts";
import { type ArchiveFile, archiveRange, isMonthly } from "../../core/archive-file.ts";
import { gridOf, INTERVALS, type Interval, openAt } from "../../core/interval.ts";
import type { Market, Series } from "../../core/series.ts";
import { dayOf, daysOf, monthOf, monthsOf } from "../../core/time.ts";
import { firstFunding } from "../../sources/synthetic/funding.ts";
import type { Instrument } from "../../sources/synthetic/symbols.ts";

// Which files the archive of the made market has: those that the calendar tells of, from the symbol's listing on.

export type Grain = "monthly" | "daily";

/** Everything that the archive could have of a symbol. */
export function seriesOf(market: Market, symbol: string): Series[] {
  const of = { venue: "binance", market, symbol } as const;
  const klines = INTERVALS.map((step): Series => ({ ...of, kind: "klines", step }));
  return [...klines, { ...of, kind: "funding", step: undefined }, { ...of, kind: "open-interest", step: "5m" }];
}

/** When the file is there: milliseconds. */
export const publishedAt = (file: ArchiveFile): number =>
  archiveRange(file).to + (isMonthly(file) ? MONTHLY_LAG : DAILY_LAG);

/** Milliseconds of the first row; open interest has one before the day of the listing is over. */
function firstTime({ kind, step }: Series, of: Instrument): number {
  if (kind === "klines") return openAt(gridOf(step as Interval), of.listed);
  return kind === "funding" ? firstFunding(of) : of.listed;
}

export function isOut(file: ArchiveFile, of: Instrument, now: number): boolean {
  const { series, span } = file;
  const range = archiveRange(file);
  // There is no 31st of February, though it can be written.
  if (!dayOf(range.from).startsWith(span) || range.to <= firstTime(series, of)) return false;
  return isMonthly(file) ? monthIsOut(series, span, now) : dayIsOut(series, span, now);
}

/** Whether there is any file at all. */
export function anyOut(series: Series, grain: Grain, of: Instrument, now: number): boolean {
  const beginning = archiveBeginning(series)[grain];
  if (beginning === undefined) return false;
  const day = dayOf(firstTime(series, of));
  const first = grain === "monthly" ? monthOf(day) : day;
  return isOut({ series, span: first > beginning ? first : beginning }, of, now);
}

/** In the order of time. */
export function filesOut(series: Series, grain: Grain, of: Instrument, now: number): ArchiveFile[] {
  const range = { from: firstTime(series, of), to: now };
  const spans = grain === "monthly" ? monthsOf(range) : daysOf(range);
  return spans.map((span) => ({ series, span })).filter((file) => isOut(file, of, now));
}
