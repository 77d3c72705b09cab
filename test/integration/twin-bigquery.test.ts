import assert from "node:assert/strict";
import { test } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { Storage } from "@google-cloud/storage";
import { PassThroughClient } from "google-auth-library";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { FIELDS, hours, parquetOf } from "../fakes/bigquery-lab.ts";

test("Google's own clients bring a month into the bucket and into its partition, and read it back", async (t) => {
  const twin = await startGoogleTwin();
  t.after(() => twin.close());
  const storage = new Storage({ projectId: "demo", apiEndpoint: twin.url });
  const client = new BigQuery({ projectId: "demo", apiEndpoint: twin.url, authClient: new PassThroughClient() });
  await client.createDataset("raw", { location: "us-central1" });
  await client.dataset("raw").createTable("klines", {
    schema: { fields: FIELDS },
    timePartitioning: { type: "MONTH", field: "ts" },
    clustering: { fields: ["symbol"] },
  });
  const parquet = Buffer.from(await parquetOf(hours("2025-01-01", 24)));
  await storage.bucket("demo-bucket").file("raw/a.parquet").save(parquet, { resumable: false });
  const [job] = await client.createJob({
    jobId: "load_1",
    location: "us-central1",
    configuration: {
      load: {
        sourceUris: ["gs://demo-bucket/raw/a.parquet"],
        sourceFormat: "PARQUET",
        schema: { fields: FIELDS },
        writeDisposition: "WRITE_TRUNCATE",
        createDisposition: "CREATE_NEVER",
        destinationTable: { projectId: "demo", datasetId: "raw", tableId: "klines$202501" },
      },
    },
  });
  await job.promise();
  const [metadata] = await job.getMetadata();
  assert.equal(metadata.statistics.load.outputRows, "24");
  const [rows] = await client.dataset("raw").table("klines").getRows();
  assert.equal(rows.length, 24);
  assert.equal(rows[1].ts.value, "2025-01-01T01:00:00.000Z");
  assert.deepEqual([rows[1].symbol, rows[1].close, rows[1].trades], ["BTCUSDT", 101.5, 1]);
  const [answer] = await client.query("SELECT count(*) AS n, max(ts) AS last FROM `demo.raw.klines`");
  assert.deepEqual([answer[0].n, answer[0].last.value], [24, "2025-01-01T23:00:00.000Z"]);
});
