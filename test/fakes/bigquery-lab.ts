import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { BigQuery } from "@google-cloud/bigquery";
import { PassThroughClient } from "google-auth-library";
import { BigQueryTwin, type BigQueryTwinOptions } from "../../src/twin/google/bigquery/bigquery.ts";
import type { StoredObjects } from "../../src/twin/google/call.ts";
import { GoogleFaults } from "../../src/twin/google/faults.ts";
import { GoogleServer } from "../../src/twin/google/server.ts";
import { listen } from "../../src/twin/listen.ts";

/** Objects in memory, `bucket/name`. */
export class Buckets implements StoredObjects {
  readonly objects = new Map<string, Uint8Array>();
  readonly locations = new Map([["lake", "us-central1"]]);

  location(bucket: string): string | undefined {
    return this.locations.get(bucket);
  }

  names(bucket: string, prefix: string): readonly string[] {
    return [...this.objects.keys()]
      .filter((key) => key.startsWith(`${bucket}/${prefix}`))
      .map((key) => key.slice(bucket.length + 1))
      .sort();
  }

  read(bucket: string, name: string): Uint8Array | undefined {
    return this.objects.get(`${bucket}/${name}`);
  }
}

export interface Lab extends AsyncDisposable {
  readonly url: string;
  readonly twin: BigQueryTwin;
  readonly buckets: Buckets;
  /** Google's own client. */
  readonly client: BigQuery;
  /** A bare request; the body is JSON. */
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Body }>;
  /** Runs a load job of `gs://lake/…` into `raw.klines` and answers it as `jobs.get` does. */
  load(section: Body): Promise<Body>;
  /** The first column of a query's answer. */
  column(sql: string): Promise<readonly unknown[]>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
export type Body = any;

/** A twin of BigQuery behind a socket. */
export async function startLab(options: Omit<BigQueryTwinOptions, "objects"> = {}): Promise<Lab> {
  const buckets = new Buckets();
  const twin = new BigQueryTwin({ objects: buckets, ...options });
  const google = new GoogleServer([twin], new GoogleFaults(""), new Set());
  const server = createServer((request, response) => void google.respond(request, response));
  const url = `http://127.0.0.1:${await listen(server, 0)}`;
  const ask: Lab["ask"] = async (method, path, body) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${url}/bigquery/v2/${path}`, { method, ...text });
    const answer = await response.text();
    return { status: response.status, body: answer === "" ? undefined : JSON.parse(answer) };
  };
  return {
    url,
    twin,
    buckets,
    client: new BigQuery({ projectId: "demo", apiEndpoint: url, authClient: new PassThroughClient() }),
    ask,
    load: async (section) => {
      const load = { sourceFormat: "PARQUET", destinationTable: KLINES, sourceUris: ["gs://lake/*"], ...section };
      const { body } = await ask("POST", "projects/demo/jobs", { configuration: { load } });
      if (body.error) return body;
      return (await ask("GET", `projects/demo/jobs/${body.jobReference.jobId}?location=us-central1`)).body;
    },
    column: async (query) => {
      const { body } = await ask("POST", "projects/demo/queries", { query, useLegacySql: false });
      if (body.error) throw new Error(body.error.message);
      return (body.rows ?? []).map((row: Body) => row.f[0].v);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await twin.close();
    },
  };
}

const KLINES = { projectId: "demo", datasetId: "raw", tableId: "klines" };

/** A lab with the empty dataset `raw` in us-central1 and in it `klines`, by month. */
export async function startKlines(options: Omit<BigQueryTwinOptions, "objects"> = {}, table: Body = {}): Promise<Lab> {
  const lab = await startLab(options);
  const dataset = { datasetReference: { datasetId: "raw" }, location: "us-central1" };
  await lab.ask("POST", "projects/demo/datasets", dataset);
  await lab.ask("POST", "projects/demo/datasets/raw/tables", {
    tableReference: KLINES,
    schema: { fields: FIELDS },
    timePartitioning: { type: "MONTH", field: "ts" },
    ...table,
  });
  return lab;
}

/** A part of a load job: into this partition of `raw.klines`, over what is there. */
export const into = (decorator: string): Body => ({
  destinationTable: { ...KLINES, tableId: `klines$${decorator}` },
  writeDisposition: "WRITE_TRUNCATE",
});

/** The rows of a DuckDB query as a Parquet file. */
export async function parquetOf(select: string, options = "COMPRESSION zstd"): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "candlelake-test-"));
  const file = join(folder, "made.parquet");
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet, ${options})`);
    connection.closeSync();
    return await readFile(file);
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Hours of made candles, from the first hour of a UTC day. */
export const hours = (day: string, count: number, close = "100.5 + i"): string =>
  `SELECT TIMESTAMPTZ '${day} 00:00:00+00' + i * INTERVAL 1 HOUR AS ts, 'BTCUSDT' AS symbol, (${close})::DOUBLE AS close, ` +
  `i::BIGINT AS trades FROM range(${count}) AS r(i)`;

export const FIELDS = [
  { name: "ts", type: "TIMESTAMP", description: "Close time." },
  { name: "symbol", type: "STRING" },
  { name: "close", type: "FLOAT64" },
  { name: "trades", type: "INT64" },
];
