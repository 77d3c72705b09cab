import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { BigQueryTwin, type BigQueryTwinOptions } from "../../src/twin/google/bigquery/bigquery.ts";
import type { GoogleAnswer } from "../../src/twin/google/call.ts";
import type { TestBucket } from "../contract/warehouse-lake.ts";

/** What becomes of a request: undefined lets it pass; `lost` answers it and lets nobody know; an answer is given in its place. */
export type Intervention = "lost" | GoogleAnswer | undefined;

export interface Seen {
  readonly method: string;
  readonly path: string;
  /** Of JSON requests. */
  readonly body: string;
}

/** An HTTP answer as Google refuses. */
export function refusing(status: number, reason: string, message = reason): GoogleAnswer {
  const error = { code: status, message, errors: [{ reason, message }] };
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify({ error })) };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const BUCKET = "lake";

/** BigQuery's stand-in on loopback over a bucket in memory; requests are written down, and may be interfered with. */
export async function startBigQuery(options: Partial<BigQueryTwinOptions> = {}) {
  const objects = new Map<string, Uint8Array>();
  const twin = new BigQueryTwin({
    objects: {
      location: (bucket) => (bucket === BUCKET ? "us-central1" : undefined),
      names: (bucket, prefix) =>
        bucket === BUCKET ? [...objects.keys()].filter((key) => key.startsWith(prefix)).sort() : [],
      read: (bucket, name) => (bucket === BUCKET ? objects.get(name) : undefined),
    },
    ...options,
  });
  const seen: Seen[] = [];
  const front = {
    endpoint: "",
    twin,
    seen,
    interfere: (_: Seen): Intervention => undefined,
    bucket: {
      put(key, bytes) {
        objects.set(`raw/${key}`, bytes);
        return `gs://${BUCKET}/raw/${key}`;
      },
      remove(key) {
        objects.delete(`raw/${key}`);
      },
    } satisfies TestBucket,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await twin.close();
    },
  };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "/", front.endpoint);
    const method = request.method ?? "GET";
    const call: Seen = { method, path: url.pathname, body: body.toString() };
    seen.push(call);
    const instead = front.interfere(call);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const answer =
      instead && instead !== "lost"
        ? instead
        : await twin.handle({
            method,
            path: url.pathname,
            query: url.searchParams,
            headers,
            body,
            origin: front.endpoint,
          });
    if (instead === "lost") request.socket.destroy();
    else if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  front.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return front;
}
