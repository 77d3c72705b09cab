import { AppError, DataError, Interrupted, SourceError, throwIfAborted } from "../core/errors.ts";
import { SECOND } from "../core/time.ts";
import type { Clock, Logger } from "../ports.ts";
import { HostGate, PATIENCE } from "./host-gate.ts";
import { networkFailure } from "./network-failure.ts";
import { nodeTransport } from "./node-transport.ts";
import type { RequestBudget } from "./request-budget.ts";
import { Slots } from "./slots.ts";
import { STOPPING, statusError, stopOf } from "./status.ts";
import { systemClock } from "./system-clock.ts";
import { type Answer, OversizeError, serverDate, type Transport } from "./transport.ts";

/** How often a request is sent at most. */
const TRIES = 5;
/** Bytes of an answer, unless the request says otherwise: far above those of a venue, of which the largest have 300 kB. */
const MOST_BYTES = 16 * 2 ** 20;
/** Milliseconds before the second try; doubles with each, and is spread by half. */
const FIRST_PAUSE = SECOND / 2;

export interface HttpRequest {
  /** Below the client's base address. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  /** What is asked, for messages: `BTCUSDT 1h`. */
  readonly subject?: string;
  /** Bytes that the answer's body can have. */
  readonly most?: number;
  /** What the request takes out of which budget. */
  readonly budget?: RequestBudget;
  readonly weight?: number;
}

export interface HttpClientOptions {
  /** `http(s)://host:port[/path]`. */
  readonly base: string;
  readonly clock?: Clock;
  readonly transport?: Transport;
  /** Requests at once. */
  readonly concurrency?: number;
  /** Hears of pauses (warn) and of second tries (debug). */
  readonly log?: Pick<Logger, "warn" | "debug">;
  /** In [0, 1): spreads the pauses between tries. */
  readonly random?: () => number;
  /** Looks at every answer, whatever its status. */
  readonly onAnswer?: (answer: Answer) => void;
  /** The host's own words for a refusal (4xx); undefined where it has none. */
  readonly refusal?: (answer: Answer, where: string) => SourceError | undefined;
}

/**
 * Asks one host. Tries again what may pass (lost connections, time-outs, 408, 5xx, unreadable answers), never what
 * will not; keeps to budgets; and stops everything to the host when it says so, until the time that it names.
 */
export class HttpClient {
  readonly host: string;
  #requests = 0;
  #retries = 0;
  readonly #base: URL;
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #log: HttpClientOptions["log"];
  readonly #random: () => number;
  readonly #onAnswer: HttpClientOptions["onAnswer"];
  readonly #refusal: HttpClientOptions["refusal"];
  readonly #slots: Slots;
  readonly #gate = new HostGate();
  #reached = false;
  #date: number | undefined;

  constructor(options: HttpClientOptions) {
    this.#base = new URL(options.base);
    this.host = this.#base.host;
    this.#clock = options.clock ?? systemClock;
    this.#transport = options.transport ?? nodeTransport();
    this.#log = options.log;
    this.#random = options.random ?? Math.random;
    this.#onAnswer = options.onAnswer;
    this.#refusal = options.refusal;
    this.#slots = new Slots(options.concurrency ?? 8);
  }

  /** Requests sent, and how many of them were second or later tries. */
  get usage(): { readonly requests: number; readonly retries: number } {
    return { requests: this.#requests, retries: this.#retries };
  }

  /** The host's clock in milliseconds, to a second, as its last answer told it; undefined before. */
  get date(): number | undefined {
    return this.#date;
  }

  /**
   * The answer, as `read` makes it out; where `read` throws a retryable error the request is sent again.
   * @throws SourceError, DataError `oversized`, what `read` throws, Interrupted
   */
  async get<T>(request: HttpRequest, read: (answer: Answer) => T, signal?: AbortSignal): Promise<T> {
    for (let tries = 1; ; tries++) {
      const leave = await this.#admit(request, signal);
      if (tries > 1) this.#retries++;
      try {
        return read(await this.#send(request, leave, signal));
      } catch (error) {
        if (!(error instanceof AppError) || !error.retryable) throw error;
        if (error.code === "unreachable" && !this.#reached) throw error;
        if (tries === TRIES) throw this.#givenUp(error);
        const pause = this.#pause(error, tries);
        this.#log?.debug(`${error.message} Trying again in ${Math.ceil(pause / SECOND)} s.`);
        await this.#clock.sleep(pause, signal);
      }
    }
  }

  /**
   * Waits for the weight, for a place, and for the host to be open; resolves to what gives weight and place back once
   * the request is over. Nothing lies between the last look at the gate and the sending.
   */
  async #admit({ budget, weight = 1 }: HttpRequest, signal: AbortSignal | undefined): Promise<() => void> {
    this.#gate.wait(this.#clock.now());
    const charge = await budget?.reserve(weight, signal);
    let leave: (() => void) | undefined;
    try {
      leave = await this.#slots.take(signal);
      for (let wait = this.#gate.wait(this.#clock.now()); wait > 0; wait = this.#gate.wait(this.#clock.now())) {
        await this.#clock.sleep(wait, signal);
      }
      throwIfAborted(signal);
    } catch (error) {
      charge?.refund();
      leave?.();
      throw error;
    }
    const done = leave;
    return () => {
      charge?.settle();
      done();
    };
  }

  async #send(request: HttpRequest, leave: () => void, signal: AbortSignal | undefined): Promise<Answer> {
    const where = this.where(request);
    const { most = MOST_BYTES } = request;
    this.#requests++;
    let answer: Answer;
    try {
      answer = await this.#transport(this.#url(request), { signal, most });
    } catch (error) {
      if (signal?.aborted) throw new Interrupted();
      if (error instanceof OversizeError) throw oversized(where, most);
      throw networkFailure(error, where);
    } finally {
      leave();
    }
    this.#reached = true;
    this.#date = serverDate(answer) ?? this.#date;
    this.#onAnswer?.(answer);
    const { status } = answer;
    if (status >= 200 && status < 300) return answer;
    const now = this.#clock.now();
    if (STOPPING.has(status)) {
      const { until, reason } = stopOf(answer, this.host, where, now);
      const isNews = this.#gate.stop(now, until, reason);
      if (isNews && reason.retryable) this.#log?.warn(`${reason.message} Waiting.`);
      throw reason;
    }
    const said = status < 500 && status !== 408 ? this.#refusal?.(answer, where) : undefined;
    throw said ?? statusError(answer, where, now);
  }

  /** How messages name a request: `api.binance.us/api/v3/klines (BTCUSDT 1h)`. */
  where(request: HttpRequest): string {
    return `${this.host}${this.#path(request)}${request.subject ? ` (${request.subject})` : ""}`;
  }

  #path({ path }: HttpRequest): string {
    return `${this.#base.pathname.replace(/\/+$/, "")}${path}`;
  }

  #url(request: HttpRequest): string {
    const url = new URL(this.#path(request), this.#base);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, String(value));
    return url.href;
  }

  #pause(error: AppError, tries: number): number {
    const backOff = FIRST_PAUSE * 2 ** (tries - 1) * (0.5 + this.#random());
    return Math.max(backOff, Math.min(error.retryAfter ?? 0, PATIENCE));
  }

  #givenUp(error: AppError): SourceError {
    this.#reached = false;
    return new SourceError(error.code, `${error.message} Given up after ${TRIES} tries.`, error.next, {
      retryable: true,
      retryAfter: error.retryAfter,
      cause: error,
    });
  }
}

const oversized = (where: string, most: number): DataError =>
  new DataError("oversized", `${where} sends more than the ${most} bytes that it can have.`, "candlelake config");
