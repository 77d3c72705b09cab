import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { UsageError } from "../../core/errors.ts";
import { BigQueryTwin, type BigQueryTwinOptions } from "./bigquery/bigquery.ts";
import type { GoogleAnswer, GoogleCall, GoogleService } from "./call.ts";
import { GoogleFaults } from "./faults.ts";
import { StorageTwin } from "./storage/storage.ts";

export interface StartGoogleOptions {
  /** 0, which is usual, takes a free one. */
  readonly port?: number;
  /** Milliseconds since the epoch. Left out: the machine's clock. */
  readonly now?: () => number;
  /** What goes wrong, such as `503-after@POST@/upload@2,deny@/jobs`. */
  readonly faults?: string;
  readonly jobs?: BigQueryTwinOptions["jobs"];
  readonly sandbox?: boolean;
}

/** One line of the log. */
export interface GoogleRequest {
  readonly method: string;
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Of the answer; 0 where the connection was broken. */
  readonly status: number;
}

export interface GoogleTwin {
  /** `http://127.0.0.1:PORT`, the base of both services. */
  readonly url: string;
  /** Environment variables that turn a client to the stand-ins. */
  readonly settings: Readonly<Record<string, string>>;
  readonly storage: StorageTwin;
  readonly bigquery: BigQueryTwin;
  /** What was asked, the oldest first. */
  readonly requests: readonly GoogleRequest[];
  /** What goes wrong from now on. */
  setFaults(spec: string): void;
  /** Ends every connection. Nothing keeps running. */
  close(): Promise<void>;
}

/** The bucket and the project that are there from the start. */
const BUCKET = "demo-bucket";
const PROJECT = "demo";
const LOCATION = "us-central1";

/** Larger bodies are no request of a client that is rehearsed here. */
const MOST_BYTES = 256 * 2 ** 20;

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > MOST_BYTES) throw new RangeError("the body is too large");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function callOf(request: IncomingMessage): Promise<GoogleCall> {
  const [path = "/", ...rest] = (request.url ?? "/").split("?");
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value[0] : value;
  return {
    method: request.method ?? "GET",
    path,
    query: new URLSearchParams(rest.join("?")),
    headers,
    body: await bodyOf(request),
    origin: `http://${headers["host"] ?? "127.0.0.1"}`,
  };
}

const told = (status: number, message: string): GoogleAnswer => ({
  status,
  headers: { "content-type": "application/json; charset=UTF-8" },
  body: Buffer.from(JSON.stringify({ error: { code: status, message, errors: [{ message, reason: "notFound" }] } })),
});

/** A defect of the stand-in's own is an answer too: a server that dies tells its client nothing. */
async function serve(services: readonly GoogleService[], call: GoogleCall): Promise<GoogleAnswer> {
  try {
    for (const service of services) {
      const answer = await service.handle(call);
      if (answer) return answer;
    }
    return told(404, `${call.method} ${call.path} is not here.`);
  } catch (error) {
    return told(501, `The stand-in failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/**
 * Starts the stand-ins of Cloud Storage and BigQuery on the loopback address.
 * @throws UsageError where the faults or the port are wrong
 */
export async function startGoogleTwin(options: StartGoogleOptions = {}): Promise<GoogleTwin> {
  const now = options.now ?? Date.now;
  const storage = new StorageTwin(now);
  storage.buckets.create(BUCKET, { location: LOCATION });
  const { jobs, sandbox } = options;
  const bigquery = new BigQueryTwin({
    objects: storage.buckets,
    now,
    ...(jobs === undefined ? {} : { jobs }),
    ...(sandbox === undefined ? {} : { sandbox }),
  });
  const services = [storage, bigquery];
  const requests: GoogleRequest[] = [];
  let faults = new GoogleFaults(options.faults ?? "");

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await callOf(request);
    const note = (status: number) => {
      requests.push({ method: call.method, path: call.path, query: call.query.toString(), status });
    };
    const fault = faults.strike(call);
    const answer = fault?.when === "before" ? undefined : await serve(services, call);
    const final = fault === undefined ? answer : fault.answer === "reset" ? undefined : fault.answer(call);
    note(final?.status ?? 0);
    if (!final) return void request.socket.resetAndDestroy();
    response.writeHead(final.status, { ...final.headers, "content-length": final.body.byteLength });
    response.end(call.method === "HEAD" ? undefined : final.body);
  };
  const server = createServer((request, response) => {
    respond(request, response).catch(() => request.socket.resetAndDestroy());
  });
  try {
    server.listen(options.port ?? 0, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError("bad-port", `--port ${options.port}: ${why}.`, "candlelake twin", { cause: error });
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a server on a port has an address");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    settings: {
      CANDLELAKE_STORAGE_ENDPOINT: url,
      CANDLELAKE_BIGQUERY_ENDPOINT: url,
      CANDLELAKE_BUCKET: `gs://${BUCKET}`,
      CANDLELAKE_WAREHOUSE: `bigquery:${PROJECT}.btc_forecast_raw`,
      GOOGLE_CLOUD_PROJECT: PROJECT,
    },
    storage,
    bigquery,
    requests,
    setFaults(spec) {
      faults = new GoogleFaults(spec);
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await bigquery.close();
    },
  };
}
