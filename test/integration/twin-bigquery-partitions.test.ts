import assert from "node:assert/strict";
import { test } from "node:test";
import { type Body, hours, into, type Lab, parquetOf, startKlines } from "../fakes/bigquery-lab.ts";

const TABLES = "projects/demo/datasets/raw/tables";

/** What Google's client reads from the list of partitions: ID, creation and last change. */
async function partitions({ client }: Lab): Promise<unknown> {
  const [rows] = await client.dataset("raw").table("klines$__PARTITIONS_SUMMARY__").getRows();
  return rows.map((row: Body) => [row.partition_id, row.creation_time, row.last_modified_time]);
}

test("each partition tells when it was made and when it was last written to", async () => {
  let now = 1_000;
  await using lab = await startKlines({ now: () => now });
  lab.buckets.objects.set("lake/1", await parquetOf(hours("2025-01-01", 24)));
  lab.buckets.objects.set("lake/2", await parquetOf(hours("2025-02-01", 24)));
  assert.deepEqual(await partitions(lab), []);
  now = 2_000;
  await lab.load({ sourceUris: ["gs://lake/1"], ...into("202501") });
  now = 3_000;
  await lab.load({ sourceUris: ["gs://lake/2"], ...into("202502") });
  assert.deepEqual(await partitions(lab), [
    ["202501", 2_000, 2_000],
    ["202502", 3_000, 3_000],
  ]);
  now = 4_000;
  await lab.load({ sourceUris: ["gs://lake/1"], ...into("202501") });
  now = 5_000;
  await lab.column("UPDATE raw.klines SET close = 1 WHERE ts >= '2025-02-01'");
  now = 6_000;
  // Of the table, what does not touch its rows as well; of a partition, its rows alone.
  await lab.ask("PATCH", `${TABLES}/klines`, { description: "Candles" });
  const times = async (table: string) => {
    const { body } = await lab.ask("GET", `${TABLES}/${encodeURIComponent(table)}`);
    return [body.tableReference.tableId, body.numRows, body.creationTime, body.lastModifiedTime];
  };
  assert.deepEqual(await times("klines"), ["klines", "48", "1000", "6000"]);
  assert.deepEqual(await times("klines$202501"), ["klines$202501", "24", "2000", "4000"]);
  assert.deepEqual(await times("klines$202502"), ["klines$202502", "24", "3000", "5000"]);
  now = 7_000;
  lab.buckets.objects.set("lake/3", await parquetOf(`${hours("2025-01-31", 48)} UNION ALL SELECT NULL, 'X', 1, 1`));
  await lab.load({ sourceUris: ["gs://lake/3"] });
  await lab.ask("DELETE", `${TABLES}/${encodeURIComponent("klines$202502")}`);
  assert.deepEqual(await partitions(lab), [
    ["202501", 2_000, 7_000],
    ["__NULL__", 7_000, 7_000],
  ]);
  assert.deepEqual(
    await lab.column(
      "SELECT partition_id || ' ' || UNIX_MILLIS(last_modified_time) FROM raw.INFORMATION_SCHEMA.PARTITIONS",
    ),
    ["202501 7000", "__NULL__ 7000"],
  );
  await lab.ask("DELETE", `${TABLES}/${encodeURIComponent("klines$__NULL__")}`);
  now = 8_000;
  await lab.load({ sourceUris: ["gs://lake/2"], writeDisposition: "WRITE_TRUNCATE" });
  assert.deepEqual(await partitions(lab), [["202502", 8_000, 8_000]]);
});

test("a table without partitions has no list of them", async () => {
  await using lab = await startKlines({}, { timePartitioning: undefined });
  const { status, body } = await lab.ask(
    "GET",
    `${TABLES}/${encodeURIComponent("klines$__PARTITIONS_SUMMARY__")}/data`,
  );
  assert.equal(status, 400);
  assert.match(body.error.message, /Cannot read partition information from a table that is not partitioned/);
});
