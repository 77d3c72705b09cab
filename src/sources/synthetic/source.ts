import { SourceError, throwIfAborted } from "../../core/errors.ts";
import { gridOf, type Interval, openAt, openFrom } from "../../core/interval.ts";
import { OPEN_INTEREST_KEPT } from "../../core/rest-kept.ts";
import { type Series, seriesLabel } from "../../core/series.ts";
import { DAY, MINUTE, startOfDay, type TimeRange } from "../../core/time.ts";
import type { Clock, Page, Source } from "../../ports.ts";
import { firstFunding } from "./funding.ts";
import { notFetched, rowsOf } from "./rows.ts";
import { type Instrument, instrument, SEED } from "./symbols.ts";

/** A page is made of about a month of minutes, whatever the interval: 50,000 rows at most. */
const PAGE = 50_000 * MINUTE;
const FUNDING_PAGE = 365 * DAY;

/** The made market without a network: the same rows as the stand-in server sends. */
export class SyntheticSource implements Source {
  readonly host = "made-market";
  readonly usage = { requests: 0, retries: 0 };
  readonly #clock: Pick<Clock, "now">;
  readonly #seed: number;
  #now: number | undefined;

  constructor(clock: Pick<Clock, "now">, seed = SEED) {
    this.#clock = clock;
    this.#seed = seed;
  }

  async now(): Promise<number> {
    this.#now ??= this.#clock.now();
    return this.#now;
  }

  /** Open interest begins with the day of its market's first candle, however little of it is kept. */
  async first(series: Series): Promise<number> {
    const of = this.#instrument(series);
    switch (series.kind) {
      case "klines":
        return openAt(gridOf(series.step as Interval), of.listed);
      case "funding":
        return firstFunding(of);
      case "open-interest":
        return startOfDay(of.listed);
      case "metrics":
        throw notFetched(series);
    }
  }

  /** What lies behind the clock is not asked for, as of the venue. */
  async *read(series: Series, range: TimeRange, signal?: AbortSignal): AsyncIterable<Page> {
    const of = this.#instrument(series);
    const [now, first] = [await this.now(), await this.first(series)];
    const kept = series.kind === "open-interest" ? horizonOf(series, now) : Number.NEGATIVE_INFINITY;
    // A value or event of the very millisecond is known.
    const end = Math.min(range.to, series.kind === "klines" ? now : now + 1);
    const span = series.kind === "funding" ? FUNDING_PAGE : PAGE;
    let unpublished: readonly TimeRange[] = [];
    if (range.from < Math.min(end, kept)) unpublished = [{ from: range.from, to: Math.min(end, kept) }];
    let from = Math.max(range.from, first, kept);
    do {
      throwIfAborted(signal);
      const to = Math.max(from, Math.min(end, from + span));
      const until = to < end ? to : range.to;
      yield { ...rowsOf(of, series, { from, to }, now), broken: [], unpublished, until };
      unpublished = [];
      from = to;
      // Making rows is work without waiting: others get their turn between two pages.
      await new Promise((resolve) => setImmediate(resolve));
    } while (from < end);
  }

  /** @throws SourceError */
  #instrument(series: Series): Instrument {
    const of = instrument(series.market, series.symbol, this.#seed);
    if (of) return of;
    throw new SourceError(
      "unknown-symbol",
      `${seriesLabel(series)}: the made market does not know the symbol; it has BTCUSDT, ETHUSDT and others, and SYN001USDT to SYN999USDT.`,
      "candlelake ingest --help",
    );
  }
}

/** The first stamp that the venue still has. */
const horizonOf = (series: Series, now: number): number =>
  openFrom(gridOf(series.step as Interval), now - OPEN_INTEREST_KEPT);
