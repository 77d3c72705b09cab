import { gunzipSync } from "node:zlib";
import { SECOND } from "../core/time.ts";
import type { Answer, Transport } from "./transport.ts";

/** Milliseconds. */
export interface Timeouts {
  /** Until the connection stands. */
  readonly connect: number;
  /** From the request's last byte to the answer's first. */
  readonly headers: number;
  /** Between two pieces of the body. */
  readonly body: number;
}

export const TIMEOUTS: Timeouts = { connect: 10 * SECOND, headers: 15 * SECOND, body: 15 * SECOND };

/** Far above any answer of a venue (the largest are some 300 kB); stops a compressed bomb. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * HTTP over undici with keep-alive and gzip. `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are honoured, with plain HTTP
 * asked of the proxy by absolute address, as curl does. The library is loaded with the first request, and idle
 * connections do not keep the process alive.
 */
export function undiciTransport(timeouts: Timeouts = TIMEOUTS): Transport {
  const connect = async () => {
    const { EnvHttpProxyAgent, request } = await import("undici");
    const dispatcher = new EnvHttpProxyAgent({
      connect: { timeout: timeouts.connect },
      headersTimeout: timeouts.headers,
      bodyTimeout: timeouts.body,
      proxyTunnel: false,
    });
    return { dispatcher, request };
  };
  let connected: ReturnType<typeof connect> | undefined;
  return async (url, { signal }) => {
    connected ??= connect();
    const { dispatcher, request } = await connected;
    const response = await request(url, {
      dispatcher,
      signal: signal ?? null,
      headers: { accept: "application/json", "accept-encoding": "gzip", "user-agent": "candlelake" },
    });
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
    }
    const body = await collect(response.body, Number(headers["content-length"]));
    return { status: response.statusCode, headers, body: unpack(body, headers) } satisfies Answer;
  };
}

/** The pieces of a body as one. Where its length is told there is one copy of it, and never a second in memory. */
async function collect(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const whole = length > 0 && length <= MOST_BYTES ? new Uint8Array(length) : undefined;
  const rest: Uint8Array[] = [];
  let at = 0;
  for await (const piece of pieces) {
    if (whole && at + piece.length <= length) whole.set(piece, at);
    else rest.push(piece);
    at += piece.length;
  }
  return whole && at === length ? whole : Buffer.concat([...(whole ? [whole.subarray(0, at)] : []), ...rest]);
}

function unpack(body: Uint8Array, headers: Answer["headers"]): Uint8Array {
  return headers["content-encoding"] === "gzip" && body.length > 0
    ? gunzipSync(body, { maxOutputLength: MOST_BYTES })
    : body;
}
