import { JSON_TYPE, Refusal, refusal, type TwinAnswer } from "./answer.ts";
import type { FaultInjector } from "./faults/injector.ts";
import { type Feed, HOSTS, type Host } from "./feed.ts";
import { Limits } from "./limits.ts";
import { Parameters } from "./parameters.ts";
import { ROUTES, type Route } from "./routes.ts";
import type { TwinClock } from "./twin-clock.ts";

/** One line of the log. */
export interface TwinRequest {
  /** The server's time in milliseconds. */
  readonly time: number;
  readonly host: Host | undefined;
  /** Without the host's prefix. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Of the answer; a fault may keep it from arriving. */
  readonly status: number;
  /** What it cost of the minute's weight. */
  readonly weight: number;
}

/** Older lines are dropped, half of them at a time. */
const LOG_LINES = 100_000;

export interface VenuesOptions {
  readonly feed: Feed;
  readonly clock: TwinClock;
  /** How far back open interest is served. */
  readonly history: "30d" | "all";
  /** Whether requests are counted against the venues' limits. */
  readonly limits: boolean;
  readonly faults: FaultInjector;
}

/** The venues without a socket: a request in, an answer out. */
export class TwinVenues {
  readonly requests: TwinRequest[] = [];
  readonly #options: VenuesOptions;
  readonly #limits: Readonly<Record<Host, Limits>> = {
    "binance-us": new Limits("binance-us"),
    "binance-spot": new Limits("binance-spot"),
    "binance-futures": new Limits("binance-futures"),
  };

  constructor(options: VenuesOptions) {
    this.#options = options;
  }

  /** @param url path and query of the request, with the host's prefix */
  handle(url: string): TwinAnswer {
    const [pathname = "", ...rest] = url.split("?");
    const search = rest.join("?");
    const query = new URLSearchParams(search);
    const host = HOSTS.find((name) => pathname.startsWith(`/${name}/`));
    const path = host ? pathname.slice(host.length + 1) : pathname;
    const route = host && Object.hasOwn(ROUTES[host], path) ? ROUTES[host][path] : undefined;
    const now = this.#options.clock.now(host ?? "binance-spot");
    const served = host && route ? this.#serve(host, route, query, now) : plain(notFound(path));

    const headers: Record<string, string> = { date: new Date(now).toUTCString(), ...served.headers };
    if (this.#options.feed.made) headers["x-candlelake-synthetic"] = "1";
    const answer = this.#options.faults.apply({ ...served, headers }, pathname, route?.rows ?? false, now);
    const weight = route?.budget === "weight" ? route.weight(query) : 0;
    this.#log({ time: now, host, path, query: search, status: answer.status, weight });
    return answer;
  }

  #serve(host: Host, route: Route, query: URLSearchParams, now: number): TwinAnswer {
    const { feed, clock, history, limits } = this.#options;
    const headers: Record<string, string> = { "content-type": JSON_TYPE };
    try {
      if (limits) {
        const { used, refusal } = this.#limits[host].count(route.budget, route.weight(query), clock.limits(host));
        if (route.budget === "weight") {
          headers["x-mbx-used-weight"] = String(used);
          headers["x-mbx-used-weight-1m"] = String(used);
        }
        if (refusal) throw refusal;
      }
      const body = route.answer({ feed, host, parameters: new Parameters(query), now, history });
      return { status: 200, headers, body };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, headers: more, body } = plain(error);
      return { status, headers: { ...headers, ...more }, body };
    }
  }

  #log(request: TwinRequest): void {
    if (this.requests.length >= LOG_LINES) this.requests.splice(0, LOG_LINES / 2);
    this.requests.push(request);
  }
}

const plain = ({ status, headers, body }: Refusal): TwinAnswer => ({ status, headers, body: Buffer.from(body) });

const notFound = (path: string): Refusal => refusal(404, -5000, `Path ${path}, Method GET is invalid`);
