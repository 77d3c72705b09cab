import { SourceError } from "../../core/errors.ts";
import { HttpClient, type HttpClientOptions } from "../../net/http-client.ts";
import { RequestBudget } from "../../net/request-budget.ts";
import { systemClock } from "../../net/system-clock.ts";
import { type Answer, bodyText, serverDate } from "../../net/transport.ts";
import type { Clock } from "../../ports.ts";
import { admit } from "./admit.ts";
import type { Allowance, Endpoint, Route } from "./endpoints.ts";
import { refusal } from "./refusal.ts";
import { unreadable } from "./unreadable.ts";

export interface ApiOptions
  extends Partial<Pick<HttpClientOptions, "base" | "clock" | "transport" | "concurrency" | "random" | "log">> {
  readonly endpoint: Endpoint;
  /** The endpoint serves made data; every answer has to say so. Without it, none may. */
  readonly synthetic?: boolean;
}

/** What one address used of its allowance in the venue's current clock minute. */
const USED_WEIGHT = "x-mbx-used-weight-1m";

/** One REST host of the venue: its clock, its allowances, and the wall between real and made data. */
export class Api {
  readonly endpoint: Endpoint;
  readonly synthetic: boolean;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #budgets = new Map<Allowance, RequestBudget>();
  #now: Promise<number> | undefined;

  constructor(options: ApiOptions) {
    this.endpoint = options.endpoint;
    this.synthetic = options.synthetic ?? false;
    this.#clock = options.clock ?? systemClock;
    this.#http = new HttpClient({
      ...options,
      base: options.base ?? options.endpoint.url,
      clock: this.#clock,
      onAnswer: (answer) => this.#observe(answer),
      refusal,
    });
  }

  get host(): string {
    return this.#http.host;
  }

  /** What the rows' `source` column says. */
  get source(): "synthetic" | "rest" {
    return this.synthetic ? "synthetic" : "rest";
  }

  get usage(): HttpClient["usage"] {
    return this.#http.usage;
  }

  /**
   * @param limit rows asked for
   * @param subject what is asked, for messages: `BTCUSDT 1h`
   * @param read makes out the body; gets host, path and subject for its messages
   */
  async ask<T>(
    route: Route & { readonly allowance?: Allowance },
    query: Readonly<Record<string, string | number>>,
    limit: number,
    subject: string,
    read: (body: Uint8Array, where: string) => T,
    signal?: AbortSignal,
  ): Promise<T> {
    const request = {
      path: route.path,
      query: { ...route.fixed, ...query, limit },
      subject,
      budget: this.#budget(route.allowance ?? this.endpoint.allowance),
      weight: route.weight(limit),
    };
    const where = this.#http.where(request);
    return this.#http.get(request, (answer) => read(admit(answer, this.synthetic, where).body, where), signal);
  }

  /** The venue's clock when it was first asked, in milliseconds; the same for the whole run. */
  now(signal?: AbortSignal): Promise<number> {
    this.#now ??= this.#askTime(signal).catch((error) => {
      this.#now = undefined;
      throw error;
    });
    return this.#now;
  }

  async #askTime(signal: AbortSignal | undefined): Promise<number> {
    const request = { path: this.endpoint.time, budget: this.#budget(this.endpoint.allowance), weight: 1 };
    const where = this.#http.where(request);
    try {
      return await this.#http.get(request, (answer) => serverTime(admit(answer, this.synthetic, where), where), signal);
    } catch (error) {
      // A host without that endpoint still dates its answers.
      const date = this.#http.date;
      if (error instanceof SourceError && error.code === "not-found" && date !== undefined) return date;
      throw error;
    }
  }

  #observe(answer: Answer): void {
    const used = Number(answer.headers[USED_WEIGHT]);
    if (used >= 0) this.#budget(this.endpoint.allowance).report(used, serverDate(answer) ?? this.#clock.now());
  }

  #budget(allowance: Allowance): RequestBudget {
    let budget = this.#budgets.get(allowance);
    if (!budget) {
      budget = new RequestBudget(allowance.weight, allowance.window, this.#clock);
      this.#budgets.set(allowance, budget);
    }
    return budget;
  }
}

function serverTime(answer: Answer, where: string): number {
  let value: unknown;
  try {
    value = JSON.parse(bodyText(answer));
  } catch {
    throw unreadable(answer.body, where);
  }
  if (typeof value === "object" && value !== null && "serverTime" in value && typeof value.serverTime === "number") {
    return value.serverTime;
  }
  throw unreadable(answer.body, where);
}
