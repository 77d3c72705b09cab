import type { IncomingMessage, ServerResponse } from "node:http";
import type { GoogleAnswer, GoogleCall, GoogleService } from "./call.ts";
import { GoogleRefusal, jsonAnswer } from "./refusal.ts";

/** One line of the log. */
export interface GoogleRequest {
  readonly method: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Of the answer; a fault may keep it from arriving. */
  readonly status: number;
}

/** Answers HTTP requests by the first service that knows the path. */
export class GoogleServer {
  readonly requests: GoogleRequest[] = [];
  readonly #services: readonly GoogleService[];

  constructor(services: readonly GoogleService[]) {
    this.#services = services;
  }

  /** Never rejects: a defect of the stand-in's own is an answer too. */
  async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    // The client went away in the middle of its body: nothing was asked.
    if (!body) return;
    const call = callOf(request, body);
    const { status, headers, body: answer } = await this.#answer(call);
    this.requests.push({ method: call.method, path: call.path, query: queryText(request.url), status });
    // 204 and 304 have no body, and a length would make some clients wait for one.
    if (status === 204 || status === 304) response.writeHead(status, headers).end();
    else response.writeHead(status, { ...headers, "content-length": answer.byteLength }).end(answer);
  }

  async #answer(call: GoogleCall): Promise<GoogleAnswer> {
    try {
      for (const service of this.#services) {
        const answer = await service.handle(call);
        if (answer) return answer;
      }
      return new GoogleRefusal(404, "notFound", `Not Found: ${call.method} ${call.path}`).answer;
    } catch (error) {
      const message = `The stand-in failed: ${error instanceof Error ? error.stack : String(error)}`;
      return jsonAnswer(500, {
        error: { code: 500, message, errors: [{ message, domain: "global", reason: "backendError" }] },
      });
    }
  }
}

const queryText = (url = "/"): string => url.split("?").slice(1).join("?");

function callOf({ method = "GET", url = "/", headers, socket }: IncomingMessage, body: Uint8Array): GoogleCall {
  const [path = "/"] = url.split("?");
  const single = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return {
    method,
    path,
    query: new URLSearchParams(queryText(url)),
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
