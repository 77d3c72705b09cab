import { createHash } from "node:crypto";
import { type Grid, gridOf, type Interval, nextOpen, openAt, openFrom } from "../../src/core/interval.ts";
import { type Series, seriesLabel } from "../../src/core/series.ts";
import { DAY, HOUR, startOfDay, type TimeRange } from "../../src/core/time.ts";
import type { Page, Source } from "../../src/ports.ts";
import { batchOf, type Row } from "./rows.ts";

/** How a venue answers otherwise than it should, for one row; `now` is its clock. */
export interface Quirks {
  /** The row is left out without a word. */
  missing?(series: Series, time: number, now: number): boolean;
  /** The row comes, and is nonsense. */
  broken?(series: Series, time: number, now: number): boolean;
  /** Another number, other values: corrections. */
  version?(series: Series, time: number, now: number): number;
  /** Rows before this time are no longer kept. */
  kept?(series: Series, now: number): number;
}

/** Spaces funding events as the venue does, with its jitter of some milliseconds. */
const FUNDING = 8 * HOUR;
const JITTER = 16;

const digits = (text: string): number => createHash("sha256").update(text).digest().readUInt32LE(0);

/** A venue in memory: every row follows from its series, its time and its version. */
export class ModelVenue implements Source {
  readonly host = "model";
  readonly listed: number;
  /** Milliseconds; set it to let time pass. */
  time: number;
  quirks: Quirks = {};
  /** Rows of a page. */
  page = 40;
  requests = 0;

  constructor(listed: number, time: number) {
    this.listed = listed;
    this.time = time;
  }

  get usage(): { requests: number; retries: number } {
    return { requests: this.requests, retries: 0 };
  }

  async now(): Promise<number> {
    return this.time;
  }

  async first(series: Series): Promise<number> {
    // The candle in which the trading began opened before it did.
    if (series.kind === "klines") return openAt(this.grid(series), this.listed);
    return this.times(series, { from: this.listed, to: this.listed + 2 * DAY })[0] as number;
  }

  /** Rows that are still open are among them, as real venues have it. */
  async *read(series: Series, range: TimeRange): AsyncIterable<Page> {
    const kept = this.quirks.kept?.(series, this.time) ?? Number.NEGATIVE_INFINITY;
    const asked = { from: Math.max(range.from, await this.first(series), kept), to: range.to };
    const times = this.times(series, asked).filter((time) => time <= this.time);
    const gone = { from: range.from, to: Math.min(range.to, kept) };
    let unpublished = gone.from < gone.to ? [gone] : [];
    for (let at = 0; at === 0 || at < times.length; at += this.page) {
      this.requests++;
      const part = times.slice(at, at + this.page);
      const until = times[at + this.page] ?? range.to;
      yield { ...this.rows(series, part), unpublished, until };
      unpublished = [];
    }
  }

  private grid(series: Series): Grid {
    return gridOf(series.step as Interval, startOfDay(this.listed));
  }

  private times(series: Series, range: TimeRange): number[] {
    const times: number[] = [];
    if (series.kind === "funding") {
      for (let mark = Math.floor(range.from / FUNDING) * FUNDING; mark < range.to; mark += FUNDING) {
        const time = mark + (digits(`${series.symbol} ${mark}`) % JITTER);
        if (time >= range.from && time < range.to) times.push(time);
      }
      return times;
    }
    const grid = this.grid(series);
    for (let time = openFrom(grid, range.from); time < range.to; time = nextOpen(grid, time)) times.push(time);
    return times;
  }

  private rows(series: Series, times: readonly number[]): Pick<Page, "batch" | "evidence" | "broken"> {
    const { missing, broken } = this.quirks;
    const sent = times.filter((time) => !missing?.(series, time, this.time));
    const whole = sent.filter((time) => !broken?.(series, time, this.time));
    const batch = batchOf(
      series,
      whole.map((time) => this.row(series, time)),
      series.venue === "synthetic" ? "synthetic" : "rest",
    );
    return {
      batch,
      evidence: (index) => `["${whole[index]}"]`,
      broken: sent
        .filter((time) => !whole.includes(time))
        .map((time) => ({ time, reason: "shape", evidence: `["${time}"` })),
    };
  }

  private row(series: Series, time: number): Row {
    const version = this.quirks.version?.(series, time, this.time) ?? 0;
    const open = series.kind === "klines" && nextOpen(this.grid(series), time) > this.time;
    const n = digits(`${seriesLabel(series)} ${time} ${version} ${open ? this.time : ""}`);
    const of = (count: number, shift: number) => (n >>> shift) % count;
    if (series.kind === "funding") return { time, funding_rate: (of(2000, 0) - 1000) / 1e7, interval_hours: 8 };
    if (series.kind === "open-interest") return { time, open_interest: 1 + of(9999, 0), open_interest_value: 1 + n };
    const [first, last] = [100 + of(50, 0), 100 + of(50, 8)];
    return {
      time,
      open: first,
      close: last,
      high: Math.max(first, last) + of(5, 4),
      low: Math.min(first, last) - of(5, 12),
      volume: 10 + of(90, 16),
      quote_volume: 1000 + of(9000, 16),
      num_trades: of(500, 2),
      taker_buy_base_volume: of(10, 20),
      taker_buy_quote_volume: of(1000, 20),
    };
  }
}
