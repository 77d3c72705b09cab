import { DAY, MINUTE, SECOND } from "../core/time.ts";
import { refusal } from "./answer.ts";
import type { Host } from "./feed.ts";

/** What a request is counted against. */
export type Budget = "weight" | "funding" | "data";

interface Allowance {
  readonly limit: number;
  /** Milliseconds; windows lie on the UTC clock. */
  readonly window: number;
}

/** Per address, as the venues publish them. */
export const ALLOWANCES: Readonly<Record<Host, Readonly<Partial<Record<Budget | "raw", Allowance>>>>> = {
  "binance-us": { weight: { limit: 1_200, window: MINUTE }, raw: { limit: 5_000, window: 5 * MINUTE } },
  "binance-spot": { weight: { limit: 6_000, window: MINUTE }, raw: { limit: 300_000, window: 5 * MINUTE } },
  "binance-futures": {
    weight: { limit: 2_400, window: MINUTE },
    funding: { limit: 500, window: 5 * MINUTE },
    data: { limit: 1_000, window: 5 * MINUTE },
  },
};

/** Requests over the limit that may still have been under way when the first 429 went out. */
const PATIENCE = 20;
const SHORTEST_BAN = 2 * MINUTE;
const LONGEST_BAN = 3 * DAY;
const ADDRESS = "127.0.0.1";

/** Counts what one host lets an address spend: 429 beyond it, 418 for who goes on, longer each time. */
export class Limits {
  readonly #host: Host;
  readonly #used = new Map<string, { window: number; count: number }>();
  #ignored = 0;
  #bans = 0;
  #bannedUntil = Number.NEGATIVE_INFINITY;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Counts a request.
   * @param now milliseconds, the clock that the windows go by
   * @returns the weight used in this minute
   * @throws Refusal 418 or 429
   */
  count(budget: Budget, weight: number, now: number): number {
    if (now < this.#bannedUntil) throw this.#banned(now);
    const allowances = ALLOWANCES[this.#host];
    this.#spend("raw", allowances.raw, 1, now);
    const used = this.#spend(budget, allowances[budget], weight, now);
    if (this.#within("raw", allowances.raw) && this.#within(budget, allowances[budget])) return used;

    if (++this.#ignored > PATIENCE) {
      this.#bannedUntil = now + Math.min(LONGEST_BAN, SHORTEST_BAN * 2 ** this.#bans++);
      this.#ignored = 0;
      throw this.#banned(now);
    }
    const over = this.#within(budget, allowances[budget]) ? "raw" : budget;
    throw this.#tooMany(over, allowances[over] as Allowance, now);
  }

  #spend(name: string, allowance: Allowance | undefined, weight: number, now: number): number {
    if (!allowance) return 0;
    const window = Math.floor(now / allowance.window);
    const before = this.#used.get(name);
    const count = (before?.window === window ? before.count : 0) + weight;
    this.#used.set(name, { window, count });
    return count;
  }

  #within(name: string, allowance: Allowance | undefined): boolean {
    return !allowance || (this.#used.get(name)?.count ?? 0) <= allowance.limit;
  }

  #tooMany(name: string, { limit, window }: Allowance, now: number) {
    const minutes = window / MINUTE;
    const what =
      this.#host === "binance-futures"
        ? `Too many requests; current limit of IP(${ADDRESS}) is ${limit} requests per ${minutes === 1 ? "minute" : `${minutes} minutes`}.`
        : `Too much request weight used; current limit is ${limit} ${name === "raw" ? "requests" : "request weight"} per ${minutes} MINUTE.`;
    const left = window - (now % window);
    return limited(429, `${what} Please use the websocket for live updates to avoid polling the API.`, left);
  }

  #banned(now: number) {
    const who = this.#host === "binance-futures" ? `Way too many requests; IP(${ADDRESS})` : "Way too much request weight used; IP";
    return limited(
      418,
      `${who} banned until ${this.#bannedUntil}. Please use the websocket for live updates to avoid bans.`,
      this.#bannedUntil - now,
    );
  }
}

const limited = (status: 418 | 429, message: string, wait: number) =>
  refusal(status, -1003, message, { "retry-after": String(Math.ceil(wait / SECOND)) });
