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
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return { status: response.statusCode, headers, body: unpack(Buffer.concat(chunks), headers) } satisfies Answer;
  };
}

function unpack(body: Uint8Array, headers: Answer["headers"]): Uint8Array {
  return headers["content-encoding"] === "gzip" && body.length > 0
    ? gunzipSync(body, { maxOutputLength: MOST_BYTES })
    : body;
}
