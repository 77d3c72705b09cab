import { SourceError } from "../../core/errors.ts";
import { type Grid, gridOf, type Interval } from "../../core/interval.ts";
import { type Series, seriesLabel } from "../../core/series.ts";
import type { TimeRange } from "../../core/time.ts";
import { tableOf } from "../../market/tables.ts";
import type { Page, Source } from "../../ports.ts";
import { Api, type ApiOptions } from "./api.ts";
import { FundingHistory } from "./funding.ts";
import { decodeKlines } from "./kline.ts";
import { readOpenInterest } from "./open-interest.ts";
import { emptyPage, latestTime, type Rows } from "./rows.ts";
import { type Question, readRange, readWindow } from "./window.ts";

export type BinanceRestOptions = ApiOptions;

/** Candles that tell when a market began. The venue has them all; recordings of it may have only some. */
const PROBES: readonly Interval[] = ["1d", "1h", "1m"];

/** Klines, and where the host has them funding and open interest, over one REST host of the venue. */
export class BinanceRest implements Source {
  readonly #api: Api;
  readonly #firsts = new Map<string, Promise<number>>();

  constructor(options: BinanceRestOptions) {
    this.#api = new Api(options);
  }

  get host(): string {
    return this.#api.host;
  }

  get usage(): Source["usage"] {
    return this.#api.usage;
  }

  now(signal?: AbortSignal): Promise<number> {
    return this.#api.now(signal);
  }

  first(series: Series, signal?: AbortSignal): Promise<number> {
    this.#accept(series);
    const key = seriesLabel(series);
    let first = this.#firsts.get(key);
    if (!first) {
      first = this.#askFirst(series, signal).catch((error) => {
        this.#firsts.delete(key);
        throw error;
      });
      this.#firsts.set(key, first);
    }
    return first;
  }

  /**
   * What lies behind the venue's clock is not asked for: nothing of it can be closed. A value or event of the very
   * millisecond is known.
   */
  async *read(series: Series, range: TimeRange, signal?: AbortSignal): AsyncGenerator<Page, void, undefined> {
    this.#accept(series);
    const now = await this.now(signal);
    const past = { from: range.from, to: Math.min(range.to, series.kind === "klines" ? now : now + 1) };
    let until = range.from;
    if (past.from < past.to) {
      for await (const page of this.#readPast(series, past, signal)) {
        until = page.until;
        yield page;
      }
    }
    if (until < range.to) yield emptyPage(tableOf(series), range.to);
  }

  async *#readPast(series: Series, range: TimeRange, signal: AbortSignal | undefined) {
    if (series.kind === "funding") yield* new FundingHistory(this.#api, series).read(range, signal);
    else {
      const grid = await this.#grid(series, signal);
      if (series.kind === "open-interest") yield* readOpenInterest(this.#api, series, grid, range, signal);
      else yield* this.#readKlines(series, grid, range, signal);
    }
  }

  #readKlines(series: Series, grid: Grid, range: TimeRange, signal: AbortSignal | undefined) {
    const { limit } = this.#api.endpoint.klines;
    const where = `${this.host} (${seriesLabel(series)})`;
    return readRange(
      grid,
      range,
      limit,
      (window, either) =>
        readWindow(window, limit, true, (question) => this.#askKlines(series, question, either), where),
      signal,
    );
  }

  #askKlines(series: Series, { from, to, limit }: Question, signal: AbortSignal | undefined): Promise<Rows> {
    const route = this.#api.endpoint.klines;
    const { symbol, venue } = series;
    const labels = { interval: String(series.step), symbol, venue, source: this.#api.source };
    const query = {
      [route.symbol]: symbol,
      interval: labels.interval,
      startTime: from,
      ...(to === undefined ? {} : { endTime: to - 1 }),
    };
    const read = (body: Uint8Array, where: string) => decodeKlines(body, tableOf(series), labels, where, limit);
    return this.#api.ask(route, query, limit, `${symbol} ${labels.interval}`, read, signal);
  }

  async #grid(series: Series, signal: AbortSignal | undefined): Promise<Grid> {
    const interval = series.step as Interval;
    return gridOf(interval, interval === "3d" ? await this.first(series, signal) : undefined);
  }

  /**
   * Open interest begins with the market, and so does funding as long as no event was settled. What a venue no longer
   * keeps is told by `read`.
   */
  async #askFirst(series: Series, signal: AbortSignal | undefined): Promise<number> {
    const settled = series.kind === "funding" ? await new FundingHistory(this.#api, series).first(signal) : undefined;
    if (settled !== undefined) return settled;
    // "Nothing" is believed only when it is said twice.
    for (const step of series.kind === "klines" ? [series.step, series.step] : PROBES) {
      const candles: Series = { ...series, kind: "klines", step };
      const rows = await this.#askKlines(candles, { from: 0, to: undefined, limit: 1 }, signal);
      const first = latestTime(rows);
      if (Number.isFinite(first)) return first;
    }
    const message = `${this.host} has no candle of ${seriesLabel(series)}.`;
    throw new SourceError("unknown-symbol", message, "candlelake ingest --help");
  }

  /** Venues and markets never mix: a series of another one here is a bug. */
  #accept(series: Series): void {
    const { endpoint, synthetic } = this.#api;
    const has =
      series.kind === "klines" ||
      (series.kind === "funding" && endpoint.funding) ||
      (series.kind === "open-interest" && endpoint.openInterest);
    if (has && series.market === endpoint.market && series.venue === (synthetic ? "synthetic" : endpoint.venue)) return;
    throw new TypeError(`${this.host} does not serve ${seriesLabel(series)}`);
  }
}
