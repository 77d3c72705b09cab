import type { Host, Window } from "../feed.ts";

/** Rows of one series as they were recorded: their times, ascending, and the JSON text of each. */
export class Recording {
  #rows = new Map<number, string>();
  #times: Float64Array | undefined;
  /** A row that was still growing when it was recorded, and the last instant at which it may be shown so. */
  #growing: { readonly time: number; readonly until: number } | undefined;

  /** @param time milliseconds; of two rows of one time the first is kept */
  add(time: number, json: string): void {
    if (!this.#rows.has(time)) this.#rows.set(time, json);
    this.#times = undefined;
  }

  /** What the row became at its close nobody recorded: from then on it is left out. All in milliseconds. */
  growing(time: number, until: number): void {
    this.#growing = { time, until };
  }

  /** The rows of a window that are not of after `now`, as a JSON list. */
  list(window: Window, now: number): string {
    const times = this.#sorted();
    const from = firstFrom(times, window.from);
    const shown = this.#growing && now > this.#growing.until ? this.#growing.time : now + 1;
    const to = firstFrom(times, Math.min(window.to, shown));
    const kept =
      window.end === "oldest"
        ? times.subarray(from, Math.min(to, from + window.limit))
        : times.subarray(Math.max(from, to - window.limit), to);
    return `[${Array.from(kept, (time) => this.#rows.get(time)).join(",")}]`;
  }

  #sorted(): Float64Array {
    this.#times ??= Float64Array.from(this.#rows.keys()).sort();
    return this.#times;
  }
}

/** The index of the first time that is not before `time`. */
function firstFrom(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a host's recordings are of. */
export interface RecordedSeries {
  readonly host: Host;
  readonly kind: "klines" | "funding" | "open-interest";
  readonly symbol: string;
  /** Interval or period; empty for funding. */
  readonly step: string;
}

export const seriesKey = ({ host, kind, symbol, step }: RecordedSeries): string => [host, kind, symbol, step].join(" ");
