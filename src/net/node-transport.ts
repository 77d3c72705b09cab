import type { ClientRequest, IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { SECOND } from "../core/time.ts";
import { proxySettings } from "./proxy-settings.ts";
import { type Answer, OversizeError, type Transport } from "./transport.ts";

/** Milliseconds. */
export interface Timeouts {
  /** Until the connection stands. */
  readonly connect: number;
  /** From there to the answer's first byte. */
  readonly headers: number;
  /** For `LEAST` bytes of the body, or for what is left of it. */
  readonly body: number;
}

export const TIMEOUTS: Timeouts = { connect: 10 * SECOND, headers: 15 * SECOND, body: 15 * SECOND };

/** Bytes of a body that come in the time for a piece at the least: a host that drips would otherwise never be done. */
const LEAST = 4096;

/** Milliseconds that a connection waits for its next request: hosts close it without a word, five seconds are usual. */
const IDLE = 4 * SECOND;

const HEADERS = { accept: "*/*", "accept-encoding": "gzip", "user-agent": "candlelake" };

/** Sends a request over connections that are kept. */
type Client = (url: string, signal: AbortSignal | undefined) => ClientRequest;

/**
 * HTTP by the runtime's own client, with keep-alive and gzip. `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are honoured, with
 * plain HTTP asked of the proxy by absolute address, as curl does. The client is loaded with the first request, and idle
 * connections do not keep the process alive.
 */
export function nodeTransport(timeouts: Timeouts = TIMEOUTS): Transport {
  const clients = new Map<string, Client>();
  return async (url, { signal, most }) => {
    const { protocol } = new URL(url);
    const client = clients.get(protocol) ?? clientOf(protocol, timeouts);
    clients.set(protocol, client);
    const { status, headers, body } = await exchange(client(url, signal), timeouts, most);
    return { status, headers, body: unpack(body, headers, most) };
  };
}

function clientOf(protocol: string, { connect }: Timeouts): Client {
  // Imported, they would load all that they offer, another client and its parser among it: ten times as long.
  const http = process.getBuiltinModule("node:http");
  const { Agent, get } = protocol === "https:" ? process.getBuiltinModule("node:https") : http;
  const agent = new Agent({ keepAlive: true, timeout: IDLE, proxyEnv: proxySettings(process.env, protocol) });
  // Its own limit is for a proxy's tunnel alone: without it that would be the idle connections'.
  return (url, signal) => get(url, { agent, headers: HEADERS, timeout: connect, ...(signal ? { signal } : {}) });
}

/** Sends a request and takes its whole answer in, unless that is too large; each part of it may take its time. */
function exchange(request: ClientRequest, timeouts: Timeouts, most: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(error);
      request.destroy();
    };
    const expect = (phase: keyof Timeouts) => {
      clearTimeout(timer);
      timer = setTimeout(() => fail(new SilenceError(phase, timeouts[phase])), timeouts[phase]);
    };
    expect("connect");
    request.once("socket", (socket) => {
      if (!socket.connecting) return expect("headers");
      socket.once("encrypted" in socket ? "secureConnect" : "connect", () => expect("headers"));
    });
    // What follows an abort or a reset is the same failure once more.
    request.on("error", fail);
    request.once("response", (response) => {
      expect("body");
      const length = Number(response.headers["content-length"]);
      response.on("error", fail);
      const { statusCode: status = 0 } = response;
      const giveUp = () => {
        if (status >= 200 && status < 300) return fail(new OversizeError());
        // A refusal says what it says by its status.
        resolve({ status, headers: headersOf(response), body: new Uint8Array(0) });
        fail(new OversizeError());
      };
      if (length > most) return giveUp();
      const pieces = new Body(length);
      let counted = 0;
      response.on("data", (piece: Uint8Array) => {
        pieces.add(piece);
        if (pieces.length - counted >= LEAST) {
          counted = pieces.length;
          timer?.refresh();
        }
        if (pieces.length > most) giveUp();
      });
      response.once("end", () => {
        clearTimeout(timer);
        resolve({ status, headers: headersOf(response), body: pieces.whole() });
      });
    });
  });
}

/** A host that says nothing for too long. */
class SilenceError extends Error {
  readonly code = "ETIMEDOUT";

  constructor(phase: keyof Timeouts, limit: number) {
    const missing = { connect: "no connection", headers: "no answer", body: "too little of the answer" };
    super(`${missing[phase]} within ${limit / SECOND} s`);
  }
}

/** The pieces of a body as one. Where its length is told there is one copy of it, and never a second in memory. */
class Body {
  readonly #told: Uint8Array | undefined;
  readonly #rest: Uint8Array[] = [];
  #at = 0;

  /** @param length as the host tells it; NaN where it does not */
  constructor(length: number) {
    this.#told = length > 0 ? new Uint8Array(length) : undefined;
  }

  get length(): number {
    return this.#at;
  }

  add(piece: Uint8Array): void {
    if (this.#told && this.#at + piece.length <= this.#told.length) this.#told.set(piece, this.#at);
    else this.#rest.push(piece);
    this.#at += piece.length;
  }

  whole(): Uint8Array {
    return this.#told ?? Buffer.concat(this.#rest);
  }
}

function headersOf({ headers }: IncomingMessage): Answer["headers"] {
  const texts: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) texts[name] = Array.isArray(value) ? value.join(", ") : value;
  return texts;
}

function unpack(body: Uint8Array, headers: Answer["headers"], most: number): Uint8Array {
  if (headers["content-encoding"] !== "gzip" || body.length === 0) return body;
  try {
    return gunzipSync(body, { maxOutputLength: most });
  } catch (error) {
    throw error instanceof RangeError ? new OversizeError() : error;
  }
}
