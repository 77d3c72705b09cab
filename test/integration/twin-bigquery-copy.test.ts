import assert from "node:assert/strict";
import { test } from "node:test";
import { type Body, FIELDS, hours, type Lab, parquetOf, startKlines } from "../fakes/bigquery-lab.ts";

const at = (tableId: string) => ({ projectId: "demo", datasetId: "raw", tableId });

async function copy(lab: Lab, from: string | string[], to: string, section: Body = {}): Promise<Body> {
  const sources = Array.isArray(from) ? { sourceTables: from.map(at) } : { sourceTable: at(from) };
  const { body } = await lab.ask("POST", "projects/demo/jobs", {
    configuration: { copy: { ...sources, destinationTable: at(to), ...section } },
  });
  return (await lab.ask("GET", `projects/demo/jobs/${body.jobReference.jobId}?location=us-central1`)).body;
}

const table = async (lab: Lab, id: string) => (await lab.ask("GET", `projects/demo/datasets/raw/tables/${id}`)).body;

async function start(): Promise<Lab> {
  const lab = await startKlines();
  lab.buckets.objects.set("lake/jan.parquet", await parquetOf(hours("2025-01-01", 5)));
  lab.buckets.objects.set("lake/feb.parquet", await parquetOf(hours("2025-02-01", 7)));
  await lab.load({ schema: { fields: FIELDS } });
  return lab;
}

test("a table is copied with its columns, partitions and descriptions", async () => {
  await using lab = await start();
  const { status, statistics } = await copy(lab, "klines", "aside");
  assert.deepEqual([status, statistics.copy.copiedRows], [{ state: "DONE" }, "12"]);
  const { schema, timePartitioning, numRows } = await table(lab, "aside");
  assert.deepEqual([timePartitioning, numRows], [{ type: "MONTH", field: "ts" }, "12"]);
  assert.deepEqual(schema, (await table(lab, "klines")).schema);
  assert.equal(schema.fields[0].description, "Close time.");
  assert.equal((await copy(lab, "klines", "aside")).status.errorResult.reason, "duplicate");
  await copy(lab, "klines", "aside", { writeDisposition: "WRITE_APPEND" });
  assert.equal((await table(lab, "aside")).numRows, "24");
  await copy(lab, "klines", "aside", { writeDisposition: "WRITE_TRUNCATE" });
  assert.equal((await table(lab, "aside")).numRows, "12");
});

test("one month goes through a staging table into its partition, all at once", async () => {
  await using lab = await start();
  lab.buckets.objects.set("lake/new.parquet", await parquetOf(hours("2025-01-05", 3)));
  await lab.load({
    destinationTable: at("staging"),
    schema: { fields: FIELDS },
    sourceUris: ["gs://lake/new.parquet"],
  });
  const truncate = { writeDisposition: "WRITE_TRUNCATE" };
  assert.deepEqual((await copy(lab, "staging", "klines$202501", truncate)).status, { state: "DONE" });
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines GROUP BY EXTRACT(MONTH FROM ts) ORDER BY 1"), [
    "3",
    "7",
  ]);
  const wrong = (await copy(lab, "staging", "klines$202502", truncate)).status.errorResult;
  assert.match(wrong.message, /^Some rows belong to different partitions/);
  assert.equal((await table(lab, "klines")).numRows, "10");
});

test("several tables and single partitions are sources too", async () => {
  await using lab = await start();
  const { statistics } = await copy(lab, ["klines$202501", "klines$202502"], "both");
  assert.equal(statistics.copy.copiedRows, "12");
  assert.equal((await copy(lab, "klines$202501", "january")).statistics.copy.copiedRows, "5");
});

test("tables of other columns are not copied into one another", async () => {
  await using lab = await start();
  const fields = FIELDS.map((field) => (field.name === "close" ? { ...field, type: "STRING" } : field));
  for (const [tableId, columns] of [
    ["typed", fields],
    ["fewer", FIELDS.slice(0, 2)],
  ] as const) {
    await lab.ask("POST", "projects/demo/datasets/raw/tables", {
      tableReference: at(tableId),
      schema: { fields: columns },
    });
    const { errorResult } = (await copy(lab, tableId, "klines", { writeDisposition: "WRITE_APPEND" })).status;
    assert.match(errorResult.message, /^Provided Schema does not match Table demo:raw\.klines/, tableId);
  }
  assert.equal((await copy(lab, "none", "klines")).status.errorResult.reason, "notFound");
  const never = await copy(lab, "klines", "none", { createDisposition: "CREATE_NEVER" });
  assert.equal(never.status.errorResult.reason, "notFound");
  assert.equal((await table(lab, "klines")).numRows, "12");
});
