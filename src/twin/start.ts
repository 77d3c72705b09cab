import { once } from "node:events";
import { createServer } from "node:http";
import type { TwinAnswer } from "./answer.ts";
import type { ArchiveAccess } from "./archive/archive-host.ts";
import { FaultInjector } from "./faults/injector.ts";
import { listen } from "./listen.ts";
import { MadeFeed } from "./made-feed.ts";
import { ReplayFeed } from "./replay/replay-feed.ts";
import { respond } from "./respond.ts";
import { type Manner, type TwinRequest, TwinVenues } from "./twin.ts";
import { TwinClock } from "./twin-clock.ts";

export interface StartOptions {
  /** Milliseconds at which the servers' time stands still, or a clock of one's own. Left out: the machine's clock. */
  readonly now?: number | (() => number);
  /** 0, which is usual, takes a free one. */
  readonly port?: number;
  /** Another seed is another market. */
  readonly seed?: number;
  /** `all` serves open interest that is older than the venue's 30 days. */
  readonly history?: "30d" | "all";
  /** The bulk archive: its files and their list (the default), its files alone, or nothing at all. */
  readonly archive?: ArchiveAccess;
  /** false counts nothing and refuses nobody. */
  readonly limits?: boolean;
  /** A folder of recorded data to serve in place of made data. */
  readonly replay?: string;
  /** What goes wrong, as `docs/twin.md` spells it: `429@3, cut@/klines@every:10`. */
  readonly faults?: string;
}

export interface Twin {
  /** `http://127.0.0.1:PORT`; the hosts lie under `/binance-us`, `/binance-spot`, `/binance-futures`, `/binance-archive`. */
  readonly url: string;
  /** Environment variables that turn a client to the twin. */
  readonly settings: Readonly<Record<string, string>>;
  /** What was asked, the oldest first; of very many, the newest. */
  readonly requests: readonly TwinRequest[];
  /** Sets every host's clock, in milliseconds; it stands still there. */
  setNow(time: number): void;
  /** The same answers without a socket: path and query in, answer out. */
  handle(url: string, manner?: Manner): TwinAnswer;
  /** Ends every connection. Nothing keeps running. */
  close(): Promise<void>;
}

/**
 * Starts the stand-in on the loopback address.
 * @throws UsageError where the faults, the folder or the port are wrong
 */
export async function startTwin(options: StartOptions = {}): Promise<Twin> {
  const feed = options.replay === undefined ? new MadeFeed(options.seed) : new ReplayFeed(options.replay);
  const clock = new TwinClock(feed, options.now);
  const archive = options.archive ?? "listing";
  const venues = new TwinVenues({
    feed,
    clock,
    archive,
    history: options.history ?? "30d",
    limits: options.limits ?? true,
    faults: new FaultInjector(options.faults ?? ""),
  });
  const server = createServer((request, response) => respond(venues, request, response));
  const url = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`;
  return {
    url,
    settings: {
      CANDLELAKE_BINANCE_US_REST: `${url}/binance-us`,
      CANDLELAKE_BINANCE_SPOT_REST: `${url}/binance-spot`,
      CANDLELAKE_BINANCE_FUTURES_REST: `${url}/binance-futures`,
      CANDLELAKE_BINANCE_ARCHIVE: `${url}/binance-archive`,
      ...(archive === "listing" ? { CANDLELAKE_BINANCE_ARCHIVE_LIST: `${url}/binance-archive-list` } : {}),
      ...(feed.made ? { CANDLELAKE_SYNTHETIC: "1" } : {}),
    },
    requests: venues.requests,
    setNow: (time) => clock.set(time),
    handle: (path, manner) => venues.handle(path, manner),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
