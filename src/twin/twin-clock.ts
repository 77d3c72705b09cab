import type { Feed, Host, TwinHost } from "./feed.ts";

/**
 * The servers' time: the machine's, an instant at which it stands still, or a clock of a test's own. The clock of the
 * limits goes on from a frozen instant: a client that waits out a limit gets on, whatever time the venue shows.
 */
export class TwinClock {
  readonly #feed: Feed;
  #time: number | (() => number) | undefined;
  #since = performance.now();

  /** @param time milliseconds to stand still at, a clock, or undefined for the feed's own time, else the machine's */
  constructor(feed: Feed, time: number | (() => number) | undefined) {
    this.#feed = feed;
    this.#time = time;
  }

  /** Milliseconds. */
  now(host: TwinHost): number {
    if (typeof this.#time === "function") return this.#time();
    return this.#time ?? this.#feed.serverTime(host) ?? Date.now();
  }

  limits(host: Host): number {
    const frozen =
      typeof this.#time === "number" || (this.#time === undefined && this.#feed.serverTime(host) !== undefined);
    return frozen ? this.now(host) + Math.floor(performance.now() - this.#since) : this.now(host);
  }

  /** Every host's time stands still there from now on. */
  set(time: number): void {
    this.#time = time;
    this.#since = performance.now();
  }
}
