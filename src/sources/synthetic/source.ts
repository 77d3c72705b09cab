import { SourceError, throwIfAborted } from "../../core/errors.ts";
import { gridOf, type Interval, openAt } from "../../core/interval.ts";
import { type Series, seriesLabel } from "../../core/series.ts";
import { DAY, MINUTE, type TimeRange } from "../../core/time.ts";
import type { Clock, Page, Source } from "../../ports.ts";
import { firstFunding } from "./funding.ts";
import { firstOpenInterest, OPEN_INTEREST_KEPT } from "./open-interest.ts";
import { lengthOf, notFetched, rowsOf } from "./rows.ts";
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

  constructor(clock: Pick<Clock, "now">, seed = SEED) {
    this.#clock = clock;
    this.#seed = seed;
  }

  async now(): Promise<number> {
    return this.#clock.now();
  }

  async first(series: Series): Promise<number> {
    const of = this.#instrument(series);
    switch (series.kind) {
      case "klines":
        return openAt(gridOf(series.step as Interval), of.listed);
      case "funding":
        return firstFunding(of);
      case "open-interest":
        return firstOpenInterest(of, lengthOf(series));
      case "metrics":
        throw notFetched(series);
    }
  }

  async *read(series: Series, range: TimeRange, signal?: AbortSignal): AsyncIterable<Page> {
    const of = this.#instrument(series);
    const now = this.#clock.now();
    const first = await this.first(series);
    const kept = series.kind === "open-interest" ? now - OPEN_INTEREST_KEPT : Number.NEGATIVE_INFINITY;
    const unpublished = Math.min(range.to, kept);
    const span = series.kind === "funding" ? FUNDING_PAGE : PAGE;
    let from = Math.min(range.to, Math.max(range.from, first, kept));
    let lost: readonly TimeRange[] = range.from < unpublished ? [{ from: range.from, to: unpublished }] : [];
    do {
      throwIfAborted(signal);
      const to = Math.min(range.to, from + span);
      yield { ...rowsOf(of, series, { from, to }, now), broken: [], unpublished: lost, until: to };
      lost = [];
      from = to;
      // Making rows is work without waiting: others get their turn between two pages.
      await new Promise((resolve) => setImmediate(resolve));
    } while (from < range.to);
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
