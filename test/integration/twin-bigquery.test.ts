import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, hours, parquetOf, startLab } from "../fakes/bigquery-lab.ts";

test("Google's own client makes a table, loads a month into its partition and reads it back", async () => {
  await using lab = await startLab();
  const { client, buckets } = lab;
  await client.createDataset("raw", { location: "us-central1" });
  await client.dataset("raw").createTable("klines", {
    schema: { fields: FIELDS },
    timePartitioning: { type: "MONTH", field: "ts" },
    clustering: { fields: ["symbol"] },
  });
  buckets.objects.set("lake/raw/a.parquet", await parquetOf(hours("2025-01-01", 24)));
  const [job] = await client.createJob({
    jobId: "load_1",
    location: "us-central1",
    configuration: {
      load: {
        sourceUris: ["gs://lake/raw/a.parquet"],
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
  assert.deepEqual(metadata.statistics.load.outputRows, "24");
  const [rows] = await client.dataset("raw").table("klines").getRows();
  assert.equal(rows.length, 24);
  assert.equal(rows[1].ts.value, "2025-01-01T01:00:00.000Z");
  assert.deepEqual([rows[1].symbol, rows[1].close, rows[1].trades], ["BTCUSDT", 101.5, 1]);
  const [answer] = await client.query("SELECT count(*) AS n, max(ts) AS last FROM `demo.raw.klines`");
  assert.deepEqual([answer[0].n, answer[0].last.value], [24, "2025-01-01T23:00:00.000Z"]);
});
