import { JSON_TYPE, Refusal, refusal, type TwinAnswer } from "./answer.ts";
import { type ArchiveAccess, ArchiveHosts } from "./archive/archive-host.ts";
import { partOf } from "./archive/range.ts";
import type { Content } from "./faults/content.ts";
import type { FaultInjector } from "./faults/injector.ts";
import { ARCHIVE_HOSTS, type Feed, HOSTS, type Host, type TwinHost } from "./feed.ts";
import { Limits } from "./limits.ts";
import { Parameters } from "./parameters.ts";
import { ROUTES, type Route } from "./routes.ts";
import type { TwinClock } from "./twin-clock.ts";

/** One line of the log. */
export interface TwinRequest {
  /** The server's time in milliseconds. */
  readonly time: number;
  readonly host: TwinHost | undefined;
  /** Without the host's prefix. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Of the answer; a fault may keep it from arriving. */
  readonly status: number;
  /** What it cost of the minute's weight; the archive counts none. */
  readonly weight: number;
}

/** Older lines are dropped, half of them at a time. */
const LOG_LINES = 100_000;

export interface VenuesOptions {
  readonly feed: Feed;
  readonly clock: TwinClock;
  /** How far back open interest is served. */
  readonly history: "30d" | "all";
  readonly archive: ArchiveAccess;
  /** Whether requests are counted against the venues' limits. */
  readonly limits: boolean;
  readonly faults: FaultInjector;
}

/** How something is asked for, beside its path and query. */
export interface Manner {
  /** Only the headers are wanted: faults of what an answer holds neither count nor strike it. */
  readonly head?: boolean;
  /** As the header `Range` has it. */
  readonly range?: string | undefined;
}

interface Served {
  readonly answer: TwinAnswer;
  readonly content?: Content | undefined;
  readonly weight?: number;
}

/** The venues without a socket: a request in, an answer out. */
export class TwinVenues {
  readonly requests: TwinRequest[] = [];
  readonly #options: VenuesOptions;
  readonly #archive: ArchiveHosts;
  readonly #limits: Readonly<Record<Host, Limits>> = {
    "binance-us": new Limits("binance-us"),
    "binance-spot": new Limits("binance-spot"),
    "binance-futures": new Limits("binance-futures"),
  };

  constructor(options: VenuesOptions) {
    this.#options = options;
    this.#archive = new ArchiveHosts(options.feed.archive, options.archive);
  }

  /** @param url path and query of the request, with the host's prefix */
  handle(url: string, { head = false, range }: Manner = {}): TwinAnswer {
    const { feed, clock, faults } = this.#options;
    const [pathname = "", ...rest] = url.split("?");
    const search = rest.join("?");
    const host = hostOf(pathname);
    const path = host ? pathname.slice(host.length + 1) : pathname;
    const now = clock.now(host ?? "binance-spot");
    const { answer, content, weight = 0 } = this.#serve(host, path, new URLSearchParams(search), now);

    const headers: Record<string, string> = { date: new Date(now).toUTCString(), ...answer.headers };
    if (feed.made) headers["x-candlelake-synthetic"] = "1";
    const request = { path: pathname, now };
    const whole = faults.changeContent({ ...answer, headers }, request, head ? undefined : content);
    const final = faults.change(partOf(whole, range), request);
    this.#log({ time: now, host, path, query: search, status: final.status, weight });
    return final;
  }

  #serve(host: TwinHost | undefined, path: string, query: URLSearchParams, now: number): Served {
    if (host === "binance-archive" || host === "binance-archive-list")
      return this.#archive.serve(host, path, query, now);
    const route = host && Object.hasOwn(ROUTES[host], path) ? ROUTES[host][path] : undefined;
    if (!host || !route) return { answer: plain(notFound(path)) };
    return {
      answer: this.#rest(host, route, query, now),
      content: route.rows ? { kind: "rows" } : undefined,
      weight: route.budget === "weight" ? route.weight(query) : 0,
    };
  }

  #rest(host: Host, route: Route, query: URLSearchParams, now: number): TwinAnswer {
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

/** A list is asked for at the host itself, everything else somewhere below it. */
const hostOf = (pathname: string): TwinHost | undefined =>
  [...HOSTS, ...ARCHIVE_HOSTS].find((name) => pathname.startsWith(`/${name}/`) || pathname === `/${name}`);

const plain = ({ status, headers, body }: Refusal): TwinAnswer => ({ status, headers, body: Buffer.from(body) });

const notFound = (path: string): Refusal => refusal(404, -5000, `Path ${path}, Method GET is invalid`);
