import { Refusal, JSON_TYPE, refusal, type TwinAnswer } from "./answer.ts";
import { type Feed, type Host, HOSTS } from "./feed.ts";
import { Limits } from "./limits.ts";
import { type Call, type Route, ROUTES } from "./routes.ts";
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
  readonly status: number;
  readonly weight: number;
}

/** Older lines are dropped a half of them at a time. */
const LOG_LINES = 100_000;

export interface TwinOptions {
  readonly feed: Feed;
  readonly clock: TwinClock;
  readonly history: "30d" | "all";
  /** Whether requests are counted against the venues' limits. */
  readonly limits: boolean;
}

/** The venues without a socket: a request in, an answer out. */
export class TwinVenues {
  readonly requests: TwinRequest[] = [];
  readonly #options: TwinOptions;
  readonly #limits: ReadonlyMap<Host, Limits> = new Map(HOSTS.map((host) => [host, new Limits(host)]));

  constructor(options: TwinOptions) {
    this.#options = options;
  }

  /** @param url path and query of the request, with the host's prefix */
  handle(url: string): TwinAnswer {
    const { pathname, searchParams: query, search } = new URL(url, "http://twin");
    const host = HOSTS.find((name) => pathname.startsWith(`/${name}/`));
    const path = host ? pathname.slice(host.length + 1) : pathname;
    const route = host && ROUTES[host][path];
    const weight = route?.budget === "weight" ? route.weight(query) : 0;
    const time = this.#options.clock.now(host ?? "binance-spot");
    const answer = this.#answer(host, route, { query, now: time, path });
    this.#log({ time, host, path, query: search.slice(1), status: answer.status, weight });
    return answer;
  }

  #answer(host: Host | undefined, route: Route | undefined, asked: Pick<Call, "query" | "now"> & { path: string }): TwinAnswer {
    const { feed, clock, history, limits } = this.#options;
    const headers: Record<string, string> = { date: new Date(asked.now).toUTCString() };
    if (feed.made) headers["x-candlelake-synthetic"] = "1";
    try {
      if (!host || !route) throw notFound(asked.path);
      if (limits) {
        const used = this.#limits.get(host)?.count(route.budget, route.weight(asked.query), clock.limits(host)) ?? 0;
        if (route.budget === "weight") {
          headers["x-mbx-used-weight"] = String(used);
          headers["x-mbx-used-weight-1m"] = String(used);
        }
      }
      const rows = route.answer({ feed, host, query: asked.query, now: asked.now, history });
      const body = typeof rows === "string" ? rows : `[${rows.join(",")}]`;
      return { status: 200, headers: { ...headers, "content-type": JSON_TYPE }, body: Buffer.from(body, "latin1") };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, headers: { ...headers, ...error.headers }, body: Buffer.from(error.body) };
    }
  }

  #log(request: TwinRequest): void {
    if (this.requests.length >= LOG_LINES) this.requests.splice(0, LOG_LINES / 2);
    this.requests.push(request);
  }
}

const notFound = (path: string): Refusal => refusal(404, -1, `Path ${path}, Method GET is invalid`);
