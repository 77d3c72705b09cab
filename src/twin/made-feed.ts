import { fixedLength, gridOf, type Interval, openAt, type Period } from "../core/interval.ts";
import type { Market } from "../core/series.ts";
import { HOUR } from "../core/time.ts";
import { makeCandles } from "../sources/synthetic/candles.ts";
import { type FundingEvent, firstFunding, fundingEvents } from "../sources/synthetic/funding.ts";
import { listOf, writeFunding, writeKline, writeOpenInterest } from "../sources/synthetic/json.ts";
import { openInterest, periodLength } from "../sources/synthetic/open-interest.ts";
import { type Instrument, instrument, SYMBOLS } from "../sources/synthetic/symbols.ts";
import { MadeArchive } from "./archive/made-archive.ts";
import type { Feed, Host, Listing, Window } from "./feed.ts";

const marketOf = (host: Host): Market => (host === "binance-futures" ? "um" : "spot");

/** The made market as a venue; both spot hosts have the same one. */
export class MadeFeed implements Feed {
  readonly made = true;
  readonly archive: MadeArchive;
  readonly #seed: number | undefined;

  constructor(seed?: number) {
    this.#seed = seed;
    this.archive = new MadeArchive(this, seed);
  }

  serverTime(): undefined {}

  listings(host: Host): readonly Listing[] {
    return SYMBOLS.map((symbol) => {
      const { tick, lot } = this.#instrument(host, symbol);
      return { symbol, tick: step(tick), lot: step(lot) };
    });
  }

  knows(host: Host, symbol: string): boolean {
    return instrument(marketOf(host), symbol, this.#seed) !== undefined;
  }

  klines(host: Host, symbol: string, interval: Interval, window: Window, now: number): Uint8Array {
    const from = window.end === "newest" ? Math.max(window.from, newestOpens(interval, window, now)) : window.from;
    const candles = makeCandles(this.#instrument(host, symbol), interval, { from, to: window.to }, now, window.limit);
    return listOf(candles.rows, (out, row) => writeKline(out, candles, row));
  }

  funding(symbol: string, window: Window, now: number): Uint8Array {
    const of = this.#instrument("binance-futures", symbol);
    // One event more than asked for may lie in the span, never one less.
    const span = (window.limit + 1) * of.fundingHours * HOUR;
    const end = Math.min(window.to, now + 1);
    const start = Math.max(window.from, firstFunding(of));
    const events =
      window.end === "newest"
        ? fundingEvents(of, Math.max(start, end - span), end, now).slice(-window.limit)
        : fundingEvents(of, start, Math.min(end, start + span), now).slice(0, window.limit);
    return listOf(events.length, (out, row) => writeFunding(out, of, events[row] as FundingEvent));
  }

  openInterest(symbol: string, period: Period, window: Window, now: number): Uint8Array {
    const of = this.#instrument("binance-futures", symbol);
    const length = periodLength(period);
    const end = Math.min(window.to, now + 1);
    const start = Math.ceil(Math.max(window.from, of.listed + 1) / length) * length;
    const [from, to] =
      window.end === "newest"
        ? [Math.max(start, end - window.limit * length), end]
        : [start, Math.min(end, start + window.limit * length)];
    const history = openInterest(of, period, from, to, now);
    return listOf(history.rows, (out, row) => writeOpenInterest(out, of, history, row));
  }

  #instrument(host: Host, symbol: string): Instrument {
    const of = instrument(marketOf(host), symbol, this.#seed);
    if (!of) throw new RangeError(`the made market has no ${symbol}`);
    return of;
  }
}

/** `10^-decimals` as text. */
const step = (decimals: number): string => (10 ** -decimals).toFixed(Math.max(0, decimals));

/** The open time of the first of the newest candles. */
function newestOpens(interval: Interval, window: Window, now: number): number {
  const last = openAt(gridOf(interval), Math.min(window.to - 1, now));
  const length = fixedLength(interval);
  if (length !== undefined) return last - (window.limit - 1) * length;
  const date = new Date(last);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - (window.limit - 1), 1);
}
