import { constant, type NumberColumn } from "../../core/batch.ts";
import type { Series } from "../../core/series.ts";
import { DAY, HOUR, type TimeRange } from "../../core/time.ts";
import { FUNDING_RATES, intervals } from "../../market/funding-rates.ts";
import type { BrokenRow, Page } from "../../ports.ts";
import type { Api } from "./api.ts";
import { decodeEvents, type Event, type Events } from "./events.ts";

/** Mark prices of old events are the empty string; `rateType` and what may follow are not kept. */
const FIELDS = [{ name: "fundingRate" }, { name: "markPrice", optional: true }] as const;

export const decodeFunding = (body: Uint8Array, where: string): Events =>
  decodeEvents(body, where, "fundingTime", FIELDS);

/** The funding events of one symbol. */
export class FundingHistory {
  readonly #api: Api;
  readonly #series: Series;

  constructor(api: Api, series: Series) {
    this.#api = api;
    this.#series = series;
  }

  /** Time of the first event; undefined where none was settled yet. */
  async first(signal?: AbortSignal): Promise<number | undefined> {
    const { events, broken } = await this.#ask(1, undefined, 1, signal);
    return (events[0] ?? broken[0])?.time;
  }

  /**
   * Reads `range`, which does not reach behind the venue's clock, as far as events have been settled. Like every
   * reading it stops only where an answer proves the end: an event from behind it, or nothing more at all.
   */
  async *read(range: TimeRange, signal?: AbortSignal): AsyncGenerator<Page, void, undefined> {
    // A day earlier, because the first event's interval needs the event before it.
    let from = range.from - DAY;
    let before: number | undefined;
    for (let done = false; !done; ) {
      const limit = Math.min(this.#route.limit, Math.ceil((range.to - from) / HOUR) + 2);
      const { events, broken } = await this.#ask(from, undefined, limit, signal);
      const times = [...events, ...broken].map(({ time }) => time).filter((time) => time >= from);
      const latest = Math.max(...times);
      done = times.length === 0 || latest >= range.to;
      // A full answer may end between two events of one time: both are left to the next one.
      const cut = times.length >= limit && times.some((time) => time < latest);
      const next = cut ? latest : latest + 1;
      const part = { from: Math.max(from, range.from), to: done ? range.to : Math.min(next, range.to) };
      const inside = ({ time }: { readonly time: number }) => time >= part.from && time < part.to;
      const sorted = events.toSorted((a, b) => a.time - b.time);
      const kept = sorted.filter(inside);
      before = sorted.findLast(({ time }) => time < range.from)?.time ?? before;
      if (kept[0] && before === undefined) before = await this.#before(range.from, signal);
      yield this.#page(kept, before, broken.filter(inside), Math.max(range.from, part.to));
      before = kept.at(-1)?.time ?? before;
      from = next;
    }
  }

  /** The last event before `time`; undefined where there is none. A day was looked back already. */
  async #before(time: number, signal: AbortSignal | undefined): Promise<number | undefined> {
    const first = await this.first(signal);
    if (first === undefined) return undefined;
    for (let back = DAY; time - back > first; back *= 8) {
      const end = time - back;
      let last: number | undefined;
      for (let from = Math.max(first, time - 8 * back); from < end; ) {
        const { events, broken } = await this.#ask(from, end, this.#route.limit, signal);
        const times = [...events, ...broken].map((event) => event.time).filter((at) => at >= from && at < end);
        if (times.length === 0) break;
        last = Math.max(...times);
        from = last + 1;
      }
      if (last !== undefined) return last;
    }
    return undefined;
  }

  /** "Nothing" is believed only when it is said twice: events have no grid on which one could be missed. */
  async #ask(from: number, to: number | undefined, limit: number, signal: AbortSignal | undefined): Promise<Events> {
    const query = { symbol: this.#series.symbol, startTime: from, ...(to === undefined ? {} : { endTime: to - 1 }) };
    const subject = `${this.#series.symbol} funding`;
    const ask = () => this.#api.ask(this.#route, query, limit, subject, decodeFunding, signal);
    const answer = await ask();
    return answer.events.length + answer.broken.length > 0 ? answer : ask();
  }

  get #route() {
    const route = this.#api.endpoint.funding;
    if (!route) throw new TypeError(`${this.#api.host} has no funding`);
    return route;
  }

  #page(events: readonly Event[], before: number | undefined, broken: readonly BrokenRow[], until: number): Page {
    const column = (values: readonly (number | null | undefined)[]): NumberColumn => ({
      values: Float64Array.from(values, (value) => value ?? 0),
      valid: Uint8Array.from(values, (value) => (value == null ? 0 : 1)),
    });
    const full = (values: readonly number[]): NumberColumn => ({ values: Float64Array.from(values), valid: null });
    return {
      batch: {
        table: FUNDING_RATES,
        rows: events.length,
        columns: [
          full(events.map((event) => event.time * 1000)),
          column(events.map((event) => event.values[0])),
          column(intervals(events, before)),
          column(events.map((event) => event.values[1])),
          constant(this.#series.symbol),
          constant(this.#series.venue),
          constant(this.#api.source),
        ],
      },
      evidence: (index) => events[index]?.evidence ?? "",
      broken,
      unpublished: [],
      until,
    };
  }
}
