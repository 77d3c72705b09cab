import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request that came by. */
export interface Passing {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<IncomingMessage["headers"]>;
  readonly bytes: number;
}

/** What becomes of a request, or of its answer. */
export type Trouble =
  /** An answer of the front's own: the server hears nothing of the request, or has done its part already. */
  | { readonly when: "before" | "after"; readonly status: number; readonly reason?: string; readonly message?: string }
  /** The connection breaks. */
  | { readonly when: "before" | "after"; readonly status: "reset" }
  /** Half of the request's bytes reach the server, half of the answer's the client, or one byte is another. */
  | "torn-request"
  | "torn-answer"
  | "damaged-request"
  | "damaged-answer";

/** Stands between a client and any HTTP server: notes what passes, and makes trouble where it is told to. */
export class UnreliableFront implements AsyncDisposable {
  readonly passed: Passing[] = [];
  /** Asked at every request; undefined lets it pass. */
  trouble: (request: Passing) => Trouble | undefined = () => undefined;
  private readonly target: URL;
  private readonly server = createServer((request, response) => {
    this.pass(request, response).catch(() => request.socket.destroy());
  });

  private constructor(target: string) {
    this.target = new URL(target);
  }

  static async open(target: string): Promise<UnreliableFront> {
    const front = new UnreliableFront(target);
    front.server.listen(0, "127.0.0.1");
    await once(front.server, "listening");
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Trouble for the next requests that the pattern fits (`METHOD /path?query`), one for each. */
  next(pattern: RegExp, ...troubles: readonly Trouble[]): void {
    const left = [...troubles];
    this.trouble = ({ method, path, query }) => (pattern.test(`${method} ${path}?${query}`) ? left.shift() : undefined);
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "/", this.url);
    const { method = "GET", headers } = request;
    const passing = { method, path: url.pathname, query: url.searchParams, headers, bytes: body.length };
    this.passed.push(passing);
    const trouble = this.trouble(passing);
    if (typeof trouble === "object" && trouble.when === "before") return refuse(request.socket, response, trouble);
    if (trouble === "torn-request") {
      await this.half(request, body);
      return void request.socket.destroy();
    }
    const answer = await this.ask(request, trouble === "damaged-request" ? damaged(body, headers) : body);
    if (typeof trouble === "object") return refuse(request.socket, response, trouble);
    response.writeHead(answer.status, answer.headers);
    if (trouble === "torn-answer") {
      response.write(answer.body.subarray(0, answer.body.length / 2), () => request.socket.destroy());
      return undefined;
    }
    response.end(trouble === "damaged-answer" ? flipped(answer.body, answer.body.length >> 1) : answer.body);
    return undefined;
  }

  private async ask(request: IncomingMessage, body: Buffer) {
    const onward = this.onward(request);
    onward.end(body);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    const headers = { ...answer.headers };
    delete headers["transfer-encoding"];
    // Sessions are given an address, which is to be the front's too.
    if (headers.location) headers.location = headers.location.replace(this.target.origin, this.url);
    const bytes = await bodyOf(answer);
    if (answer.statusCode !== 204 && answer.statusCode !== 304) headers["content-length"] = String(bytes.length);
    return { status: answer.statusCode ?? 500, headers, body: bytes };
  }

  private onward({ method = "GET", url = "/", headers }: IncomingMessage) {
    const kept = { ...headers };
    delete kept["transfer-encoding"];
    delete kept["connection"];
    return send(new URL(url, this.target), { method, headers: kept, agent: false });
  }

  /** The head says how much comes, and the connection ends before. */
  private async half(request: IncomingMessage, body: Buffer): Promise<void> {
    const onward = this.onward(request);
    onward.setHeader("content-length", body.length);
    onward.on("error", () => undefined);
    await new Promise<void>((resolve) => {
      onward.write(body.subarray(0, body.length / 2), () => resolve());
    });
    onward.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x01;
  return copy;
}

/** One byte of the content, wherever it lies between the boundaries. */
function damaged(body: Buffer, { "content-type": type = "" }: IncomingMessage["headers"]): Buffer {
  const boundary = /boundary="?([^";]+)/.exec(type)?.[1];
  return flipped(body, boundary === undefined ? body.length >> 1 : body.lastIndexOf(`--${boundary}`) - 3);
}

function refuse(socket: Socket, response: ServerResponse, trouble: Exclude<Trouble, string>): void {
  if (trouble.status === "reset") return void socket.resetAndDestroy();
  const { status, reason = "backendError", message = reason } = trouble;
  const error = { code: status, message, errors: [{ message, domain: "global", reason }] };
  response.writeHead(status, { "content-type": "application/json; charset=UTF-8" });
  response.end(JSON.stringify({ error }));
}
