import { Interrupted, throwIfAborted } from "../core/errors.ts";
import { MINUTE } from "../core/time.ts";
import type { Clock } from "../ports.ts";
import { Slots } from "./slots.ts";

/** Part of a reported limit that is left for what others behind the same address have under way. */
const HEADROOM = 0.02;

/** Weight taken out of a budget for one request. Exactly one of the two is called, once. */
export interface Charge {
  /** The request was sent and is over, well or badly. */
  settle(): void;
  /** The request was never sent. */
  refund(): void;
}

/**
 * What a venue lets one address spend in a window of time.
 *
 * A charge counts from before its request is sent until a whole window after its answer, so the requests that arrive
 * within any one window never exceed the limit, however the venue's windows lie (its clock minutes, five minutes from
 * somewhere) and however far its clock is from ours. What the venue says was used, by other programs behind the same
 * address too, counts on top until its minute is over.
 */
export class RequestBudget {
  readonly limit: number;
  readonly #window: number;
  readonly #clock: Clock;
  readonly #line = new Slots(1);
  readonly #settled: { readonly weight: number; readonly until: number }[] = [];
  #spent = 0;
  #inFlight = 0;
  #reported: { readonly used: number; readonly minute: number; readonly until: number } | undefined;
  #settle: (() => void) | undefined;

  /** @param window milliseconds */
  constructor(limit: number, window: number, clock: Clock) {
    this.limit = limit;
    this.#window = window;
    this.#clock = clock;
  }

  /** Waits until the weight fits. @throws Interrupted */
  async reserve(weight: number, signal?: AbortSignal): Promise<Charge> {
    if (weight > this.limit) throw new RangeError(`a request of weight ${weight} never fits a budget of ${this.limit}`);
    const leave = await this.#line.take(signal);
    try {
      for (let wait = this.#wait(weight); wait > 0; wait = this.#wait(weight)) {
        throwIfAborted(signal);
        if (wait === Number.POSITIVE_INFINITY) await this.#anAnswer(signal);
        else await this.#clock.sleep(wait, signal);
      }
    } finally {
      leave();
    }
    this.#inFlight += weight;
    this.#spent += weight;
    return {
      settle: () => {
        this.#inFlight -= weight;
        this.#settled.push({ weight, until: this.#clock.now() + this.#window });
        this.#settle?.();
      },
      refund: () => {
        this.#inFlight -= weight;
        this.#spent -= weight;
        this.#settle?.();
      },
    };
  }

  /**
   * What the venue counted in its current clock minute.
   * @param date the venue's clock in milliseconds, not ahead of the truth; the machine's where it is not known
   */
  report(used: number, date: number): void {
    const minute = Math.floor(date / MINUTE);
    const known = this.#reported;
    if (known && (minute < known.minute || (minute === known.minute && used < known.used))) return;
    this.#reported = { used, minute, until: this.#clock.now() + (minute + 1) * MINUTE - date };
  }

  /** Milliseconds until there may be room; 0 where there is, infinite where only an answer can tell. */
  #wait(weight: number): number {
    const now = this.#clock.now();
    while (this.#settled[0] && this.#settled[0].until <= now) this.#spent -= this.#settled.shift()?.weight ?? 0;
    if (this.#reported && this.#reported.until <= now) this.#reported = undefined;
    if (this.#spent + weight > this.limit) {
      return this.#settled[0] ? this.#settled[0].until - now : Number.POSITIVE_INFINITY;
    }
    if (!this.#reported) return 0;
    const free = this.limit * (1 - HEADROOM) - this.#reported.used - this.#inFlight;
    return free < weight ? this.#reported.until - now : 0;
  }

  #anAnswer(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(new Interrupted());
      signal?.addEventListener("abort", stop, { once: true });
      this.#settle = () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      };
    });
  }
}
