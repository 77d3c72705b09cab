import { DAY, MINUTE, SECOND } from "../core/time.ts";
import { type Refusal, refusal } from "./answer.ts";
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

export interface Count {
  /** Of the budget, in its present window. */
  readonly used: number;
  /** 429 or 418 where it was one too many. */
  readonly refusal: Refusal | undefined;
}

/** What was spent of an allowance in its present window. */
class Account {
  readonly allowance: Allowance;
  used = 0;
  /** Requests beyond the limit. */
  over = 0;
  #window = Number.NaN;

  constructor(allowance: Allowance) {
    this.allowance = allowance;
  }

  /** @returns whether it was too much */
  spend(weight: number, now: number): boolean {
    const window = Math.floor(now / this.allowance.window);
    if (window !== this.#window) {
      this.#window = window;
      this.used = 0;
      this.over = 0;
    }
    this.used += weight;
    if (this.used <= this.allowance.limit) return false;
    this.over++;
    return true;
  }
}

/** Counts what one host lets an address spend: 429 beyond it, 418 for who goes on, longer each time. */
export class Limits {
  readonly #host: Host;
  readonly #accounts: ReadonlyMap<string, Account>;
  #bans = 0;
  #bannedUntil = Number.NEGATIVE_INFINITY;

  constructor(host: Host) {
    this.#host = host;
    this.#accounts = new Map(
      Object.entries(ALLOWANCES[host]).map(([name, allowance]) => [name, new Account(allowance)]),
    );
  }

  /**
   * Counts a request.
   * @param now milliseconds, the clock that the windows go by
   */
  count(budget: Budget, weight: number, now: number): Count {
    const account = this.#accounts.get(budget);
    const raw = this.#accounts.get("raw");
    if (now < this.#bannedUntil) return { used: account?.used ?? 0, refusal: this.#banned(now) };
    const rawOver = raw?.spend(1, now) ? raw : undefined;
    const over = account?.spend(weight, now) ? account : rawOver;
    const used = account?.used ?? 0;
    if (!over) return { used, refusal: undefined };
    if (over.over <= PATIENCE) return { used, refusal: this.#tooMany(over.allowance, now) };
    this.#bannedUntil = now + Math.min(LONGEST_BAN, SHORTEST_BAN * 2 ** this.#bans++);
    return { used, refusal: this.#banned(now) };
  }

  #tooMany({ limit, window }: Allowance, now: number): Refusal {
    const minutes = window / MINUTE;
    const what =
      this.#host === "binance-futures"
        ? `Too many requests; current limit of IP(${ADDRESS}) is ${limit} requests per ${minutes === 1 ? "minute" : `${minutes} minutes`}.`
        : `Too much request weight used; current limit is ${limit} request weight per ${minutes} MINUTE.`;
    const left = window - (now % window);
    return limited(429, `${what} Please use the websocket for live updates to avoid polling the API.`, left);
  }

  #banned(now: number): Refusal {
    const who =
      this.#host === "binance-futures"
        ? `Way too many requests; IP(${ADDRESS})`
        : "Way too much request weight used; IP";
    return limited(
      418,
      `${who} banned until ${this.#bannedUntil}. Please use the websocket for live updates to avoid bans.`,
      this.#bannedUntil - now,
    );
  }
}

const limited = (status: 418 | 429, message: string, wait: number): Refusal =>
  refusal(status, -1003, message, { "retry-after": String(Math.ceil(wait / SECOND)) });
