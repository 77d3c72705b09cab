import { UsageError } from "../core/errors.ts";
import { type Interval, type Period, parseInterval, parsePeriod } from "../core/interval.ts";
import { type SourceChoice, whyUnarchived } from "../core/route.ts";
import { parseSymbol, parseVenue, type Venue } from "../core/series.ts";
import { didYouMean } from "../core/suggest.ts";
import { parseTime } from "../core/time.ts";

/** What the user calls a series: `futures` are the candles with everything that `futures_metrics` needs. */
export type Topic = "spot" | "futures" | "funding" | "open-interest";

/** One thing to have in the lake. */
export interface Wish {
  readonly topic: Topic;
  /** The venue whose endpoint answers; in the synthetic world the keys say `synthetic` all the same. */
  readonly venue: Exclude<Venue, "synthetic">;
  readonly symbol: string;
  readonly interval: Interval;
  readonly period: Period;
  /** Milliseconds; `to` undefined means up to the last closed candle. */
  readonly from: number;
  readonly to: number | undefined;
  /** Read again what is there. */
  readonly force: boolean;
  /** Which ways may be taken to it. */
  readonly choice: SourceChoice;
}

/** A wish as a person writes it: dates as `2025-01-01`, `2025-01` or instants, the rest by its usual name. */
export interface WishText {
  readonly topic: Topic;
  readonly symbol: string;
  /** Default: 1h. */
  readonly interval?: string | undefined;
  /** Of open interest. Default: 5m. */
  readonly period?: string | undefined;
  /** Default: `binance-us` for spot, `binance` for everything else. */
  readonly venue?: string | undefined;
  readonly from: string | number;
  readonly to?: string | number | undefined;
  readonly force?: boolean | undefined;
  /** `auto`, `rest` or `archive`. Default: auto, the plan decides for each day. */
  readonly source?: string | undefined;
}

const instant = (time: string | number, flag: string): number =>
  typeof time === "number" ? time : parseTime(time, flag).from;

/** @throws UsageError naming the part that cannot be */
export function readWish(text: WishText): Wish {
  const { topic } = text;
  const venue = parseVenue(text.venue ?? (topic === "spot" ? "binance-us" : "binance"));
  if (topic !== "spot" && venue === "binance-us") {
    throw new UsageError(
      "bad-venue",
      "binance-us has no futures, funding or open interest. Leave out --venue.",
      "candlelake ingest --help",
    );
  }
  const interval = parseInterval(text.interval ?? "1h");
  const period = parsePeriod(text.period ?? "5m");
  const choice = parseChoice(text.source ?? "auto");
  const why = choice === "archive" ? whyUnarchived(topic, venue, interval, period) : undefined;
  if (why) throw new UsageError("no-archive", `--source archive: ${why}.`, "candlelake ingest --help");
  return {
    topic,
    venue,
    symbol: parseSymbol(text.symbol),
    interval,
    period,
    from: instant(text.from, "--from"),
    to: text.to === undefined ? undefined : instant(text.to, "--to"),
    force: text.force ?? false,
    choice,
  };
}

function parseChoice(text: string): SourceChoice {
  if (text === "auto" || text === "rest" || text === "archive") return text;
  throw new UsageError(
    "bad-source",
    `--source ${JSON.stringify(text)} is none${didYouMean(text, ["auto", "rest", "archive"])} Known: auto rest archive.`,
    "candlelake ingest --help",
  );
}
