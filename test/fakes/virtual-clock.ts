import { Interrupted, throwIfAborted } from "../../src/core/errors.ts";
import type { Clock } from "../../src/ports.ts";

/** Rounds of the event loop without a new sleeper after which everybody counts as asleep. */
const QUIET_ROUNDS = 2;

/**
 * A clock that moves only when everybody sleeps, and then at once to the next waking. Fit for programs that wait for
 * nothing but this clock; over real sockets it runs ahead of the answers.
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  #watched = false;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    return new Promise((resolve, reject) => {
      const sleeper = {
        until: this.#now + ms,
        wake: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      const stop = () => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        reject(new Interrupted());
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.#sleepers.push(sleeper);
      if (!this.#watched) this.#watch();
    });
  }

  #watch(): void {
    this.#watched = true;
    let rounds = 0;
    let before = this.#sleepers.length;
    const look = () => {
      rounds = this.#sleepers.length === before ? rounds + 1 : 0;
      before = this.#sleepers.length;
      if (rounds < QUIET_ROUNDS) return setImmediate(look);
      this.#watched = false;
      this.#advance();
      return undefined;
    };
    setImmediate(look);
  }

  #advance(): void {
    const next = Math.min(...this.#sleepers.map((sleeper) => sleeper.until));
    if (next === Number.POSITIVE_INFINITY) return;
    this.#now = Math.max(this.#now, next);
    const due = this.#sleepers.filter((sleeper) => sleeper.until <= this.#now);
    for (const sleeper of due) {
      this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
      sleeper.wake();
    }
    if (this.#sleepers.length > 0) this.#watch();
  }
}
