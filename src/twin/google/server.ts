import type { IncomingMessage, ServerResponse } from "node:http";
import type { TwinAnswer } from "../answer.ts";
import { send } from "../send.ts";
import type { GoogleAnswer, GoogleCall, GoogleService, Rights } from "./call.ts";
import type { GoogleFaults } from "./faults.ts";
import { GoogleRefusal, jsonAnswer } from "./refusal.ts";

/** One line of the log. */
export interface GoogleRequest {
  readonly method: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Of the answer, which a fault may keep from arriving; 0 where a fault left it without one. */
  readonly status: number;
}

/** Older lines are dropped, half of them at a time. */
const LOG_LINES = 100_000;

/** Answers HTTP requests by the first service that knows the path. */
export class GoogleServer {
  readonly requests: GoogleRequest[] = [];
  readonly #services: readonly GoogleService[];
  /** What goes wrong from now on. */
  faults: GoogleFaults;
  readonly #denied: ReadonlySet<string>;
  /** What the caller may do from now on, but for what is denied. */
  may: Rights;

  /** @param denied permissions that the caller lacks throughout; it may change */
  constructor(
    services: readonly GoogleService[],
    faults: GoogleFaults,
    denied: ReadonlySet<string>,
    may: Rights = () => true,
  ) {
    this.#services = services;
    this.faults = faults;
    this.#denied = denied;
    this.may = may;
  }

  /** Never rejects: a defect of the stand-in's own is an answer too. */
  async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    // The client went away in the middle of its body: nothing was asked.
    if (!body) return;
    try {
      send(await this.#answer(callOf(request, body)), request, response);
    } catch (error) {
      send(failed(error), request, response);
    }
  }

  async #answer(call: GoogleCall): Promise<TwinAnswer> {
    const { refusal, delivery, denied, done } = this.faults.blow(call);
    const may: Rights = (permission, on) =>
      !this.#denied.has(permission) && !denied.has(permission) && this.may(permission, on);
    const served = done ? await this.#serve({ ...call, may }) : undefined;
    const answer = refusal?.answer ?? served ?? NOTHING;
    this.#log({ method: call.method, path: call.path, query: String(call.query), status: answer.status });
    return delivery ? { ...answer, delivery } : answer;
  }

  async #serve(call: GoogleCall): Promise<GoogleAnswer> {
    try {
      for (const service of this.#services) {
        const answer = await service.handle(call);
        if (answer) return answer;
      }
      return new GoogleRefusal(404, "notFound", `Not Found: ${call.method} ${call.path}`).answer;
    } catch (error) {
      return failed(error);
    }
  }

  #log(request: GoogleRequest): void {
    if (this.requests.length >= LOG_LINES) this.requests.splice(0, LOG_LINES / 2);
    this.requests.push(request);
  }
}

function failed(error: unknown): GoogleAnswer {
  const message = `The stand-in failed: ${error instanceof Error ? error.stack : String(error)}`;
  const errors = [{ message, domain: "global", reason: "backendError" }];
  return jsonAnswer(500, { error: { code: 500, message, errors } });
}

/** Where a fault keeps the request from being done and every answer from arriving. */
const NOTHING: GoogleAnswer = { status: 0, headers: {}, body: new Uint8Array() };

function callOf({ method = "GET", url = "/", headers, socket }: IncomingMessage, body: Uint8Array): GoogleCall {
  const [path = "/", ...rest] = url.split("?");
  const single = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return {
    method,
    path,
    query: new URLSearchParams(rest.join("?")),
    headers: Object.fromEntries(single),
    body,
    origin: `http://${headers.host ?? `127.0.0.1:${socket.localPort}`}`,
  };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
