import type { Series } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";
import type { Received } from "../market/check.ts";
import { tableOf } from "../market/tables.ts";
import type { Page, Source } from "../ports.ts";
import { Receiver } from "./received.ts";

/** Stretches that touch are one. */
function joined(ranges: readonly TimeRange[]): TimeRange[] {
  const stretches: TimeRange[] = [];
  for (const { from, to } of ranges) {
    const last = stretches.at(-1);
    if (last?.to === from) stretches[stretches.length - 1] = { from: last.from, to };
    else stretches.push({ from, to });
  }
  return stretches;
}

/** What REST says of the gaps of a day. */
export type RestAnswers = Pick<RestGaps, "take" | "hasAny">;

/** What it says of days that it has no longer: nobody needs to ask for that, and it holds where nobody can. */
export const nothingKept = (series: Series): RestAnswers => ({
  take: async (range) => ({ ...new Receiver(tableOf(series), range.from).take(range), unpublished: [range] }),
  hasAny: async () => false,
});

/**
 * Asks REST for the gaps of several days. Gaps that touch are read as one stretch, in as few requests as its rows need,
 * and handed out day by day: what a day gets is what it would get if it asked alone.
 */
export class RestGaps {
  readonly host: string;
  readonly #series: Series;
  readonly #source: Source;
  readonly #signal: AbortSignal | undefined;
  #stretches: TimeRange[];
  #pages: AsyncIterator<Page> | undefined;
  #receiver: Receiver;

  /** @param gaps ascending */
  constructor(series: Series, gaps: readonly TimeRange[], source: Source, signal?: AbortSignal) {
    this.host = source.host;
    this.#series = series;
    this.#source = source;
    this.#signal = signal;
    this.#stretches = joined(gaps);
    this.#receiver = new Receiver(tableOf(series), 0);
  }

  /**
   * What REST has in the gaps of a day. Days come in order, and only once.
   * @throws SourceError, DataError; the days after it are then asked for without it
   */
  async take(range: TimeRange): Promise<Received> {
    try {
      for (let [next] = this.#stretches; next && next.from < range.to; [next] = this.#stretches) {
        await this.#read(next, Math.min(next.to, range.to));
        if (next.to > range.to) break;
        await this.close();
        this.#stretches.shift();
      }
    } catch (error) {
      await this.#leave(range.to);
      throw error;
    }
    return this.#receiver.take(range);
  }

  /** Whether anything took place in `range`, readable or not. @throws SourceError, DataError */
  async hasAny(range: TimeRange): Promise<boolean> {
    for await (const { batch, broken } of this.#source.read(this.#series, range, this.#signal))
      if (batch.rows > 0 || broken.length > 0) return true;
    return false;
  }

  async #read(stretch: TimeRange, until: number): Promise<void> {
    this.#pages ??= this.#source.read(this.#series, stretch, this.#signal)[Symbol.asyncIterator]();
    while (this.#receiver.until < until) {
      const { done, value } = await this.#pages.next();
      if (done) throw new Error(`${this.host} ended its pages before ${new Date(until).toISOString()}`);
      this.#receiver.add(value);
    }
  }

  /** Begins anew at `from`. */
  async #leave(from: number): Promise<void> {
    await this.close();
    this.#receiver = new Receiver(tableOf(this.#series), from);
    this.#stretches = this.#stretches.flatMap((stretch) =>
      stretch.to > from ? [{ from: Math.max(from, stretch.from), to: stretch.to }] : [],
    );
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    const pages = this.#pages;
    this.#pages = undefined;
    await pages?.return?.();
  }
}
