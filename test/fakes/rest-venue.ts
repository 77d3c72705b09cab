import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Transport } from "../../src/net/transport.ts";

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A request: path and parameters. */
export interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
}

export type Handler = (asked: Asked) => Reply | Promise<Reply>;

const parse = (url: string): Asked => {
  const { pathname, searchParams } = new URL(url, "http://venue");
  return { path: pathname, query: searchParams };
};

const bytes = (body: string | Uint8Array): Uint8Array => (typeof body === "string" ? Buffer.from(body) : body);

/** Answers in the process. */
export const transportOf =
  (handler: Handler): Transport =>
  async (url) => {
    const { status = 200, headers = {}, body } = await handler(parse(url));
    return { status, headers, body: bytes(body) };
  };

export interface Listening extends AsyncDisposable {
  readonly base: string;
}

/** A real server on the loopback address whose requests are handled as they come. */
export async function listenRaw(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening> {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("listens on a port");
  return {
    base: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A real server on the loopback address. */
export const listen = (handler: Handler): Promise<Listening> =>
  listenRaw(async (request, response) => {
    const { status = 200, headers = {}, body } = await handler(parse(request.url ?? "/"));
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(bytes(body));
  });

/** A made kline as the venue writes it, its numbers told from its open time. */
export function klineText(open: number, length: number): string {
  const n = Math.floor(open / 60_000) % 1000;
  const price = (delta: number) => `"${(30_000 + n + delta).toFixed(2)}"`;
  return `[${open},${price(0)},${price(9)},${price(-9)},${price(1)},"${n + 1}.500",${open + length - 1},"${n + 2}.25000",${n},"1.500","2.25000","0"]`;
}

/** Rows by the venue's rule: within both times (inclusive), the oldest first, as many as asked for. */
export function select(times: readonly number[], query: URLSearchParams): number[] {
  const start = Number(query.get("startTime") ?? 0);
  const end = Number(query.get("endTime") ?? Number.POSITIVE_INFINITY);
  const inside = times.filter((time) => time >= start && time <= end);
  return inside.slice(0, Number(query.get("limit") ?? 500));
}

export interface MadeVenue {
  /** The venue's clock. */
  readonly now: () => number;
  /** Open times of the candles there are. */
  readonly klines?: readonly number[];
  /** Of a candle, milliseconds. */
  readonly length?: number;
  /** Times of funding events. */
  readonly funding?: readonly number[];
  /** Stamps of open interest; refused where asked for before `kept`. */
  readonly openInterest?: readonly number[];
  readonly kept?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A venue with one symbol, BTCUSDT. */
export function madeVenue(venue: MadeVenue): Handler {
  const rows = (asked: Asked): readonly string[] | Reply => {
    const { path, query } = asked;
    if (path.endsWith("/openInterestHist") && query.get("symbol") !== "BTCUSDT") return [];
    if ((query.get("symbol") ?? query.get("pair")) !== "BTCUSDT") {
      return { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' };
    }
    if (path.endsWith("/fundingRate")) {
      return select(venue.funding ?? [], query).map(
        (time) =>
          `{"symbol":"BTCUSDT","fundingTime":${time},"fundingRate":"0.00010000","markPrice":"","rateType":"Regular"}`,
      );
    }
    if (path.endsWith("/openInterestHist")) {
      if (Number(query.get("startTime")) < (venue.kept ?? 0)) {
        return { status: 400, body: `{"code":-1130,"msg":"parameter 'startTime' is invalid."}` };
      }
      return select(venue.openInterest ?? [], query).map(
        (time) =>
          `{"symbol":"BTCUSDT","sumOpenInterest":"${time % 977}.5","sumOpenInterestValue":"12.25","timestamp":${time}}`,
      );
    }
    return select(venue.klines ?? [], query).map((time) => klineText(time, venue.length ?? 60_000));
  };
  return (asked) => {
    const headers = { date: new Date(venue.now()).toUTCString(), ...venue.headers };
    if (asked.path.endsWith("/time")) return { headers, body: `{"serverTime":${venue.now()}}` };
    const answer = rows(asked);
    return "body" in answer ? { ...answer, headers } : { headers, body: `[${answer.join(",")}]` };
  };
}
