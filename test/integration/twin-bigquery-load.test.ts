import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, hours, into, type Lab, parquetOf, startKlines } from "../fakes/bigquery-lab.ts";

const add = async (lab: Lab, name: string, select: string) => {
  lab.buckets.objects.set(`lake/${name}`, await parquetOf(select));
};
const schema = { fields: FIELDS };
const count = (lab: Lab) => lab.column("SELECT count(*) FROM raw.klines");

test("WRITE_TRUNCATE with a decorator replaces that partition alone, without one the table", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  await add(lab, "feb.parquet", hours("2025-02-01", 7));
  await lab.load({ ...into("202501"), sourceUris: ["gs://lake/jan.parquet"], schema });
  await lab.load({ ...into("202502"), sourceUris: ["gs://lake/feb.parquet"], schema });
  assert.deepEqual(await count(lab), ["12"]);
  await add(lab, "jan.parquet", hours("2025-01-10", 2));
  await lab.load({ ...into("202501"), sourceUris: ["gs://lake/jan.parquet"], schema });
  assert.deepEqual(await lab.column("SELECT ts FROM raw.klines WHERE ts < TIMESTAMP '2025-02-01' ORDER BY ts"), [
    "1.7364672E9",
    "1.7364708E9",
  ]);
  assert.deepEqual(await count(lab), ["9"]);
  await lab.load({ sourceUris: ["gs://lake/jan.parquet"], schema, writeDisposition: "WRITE_TRUNCATE" });
  assert.deepEqual(await count(lab), ["2"]);
});

test("what is appended is there twice; what must be empty is refused where rows are", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  await lab.load({ schema });
  await lab.load({ schema });
  assert.deepEqual(await count(lab), ["10"]);
  const { status } = await lab.load({ schema, writeDisposition: "WRITE_EMPTY" });
  assert.deepEqual(status.errorResult, { reason: "duplicate", message: "Already Exists: Table demo:raw.klines" });
  await add(lab, "feb.parquet", hours("2025-02-01", 5));
  const empty = { ...into("202502"), writeDisposition: "WRITE_EMPTY", sourceUris: ["gs://lake/feb.parquet"], schema };
  assert.deepEqual((await lab.load(empty)).status, { state: "DONE" });
});

test("rows of another month than the decorator's fail the job and change nothing", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  await lab.load({ ...into("202501"), schema });
  await add(lab, "late.parquet", hours("2025-01-31", 25));
  const { status } = await lab.load({ ...into("202501"), schema });
  assert.deepEqual(status.errorResult, {
    reason: "invalid",
    message: "Some rows belong to different partitions rather than destination partition 202501",
  });
  assert.deepEqual(await count(lab), ["5"]);
  lab.buckets.objects.delete("lake/late.parquet");
  await add(lab, "jan.parquet", hours("2025-01-01", 5).replace("AS ts", "AS later, NULL::TIMESTAMPTZ AS ts"));
  const blank = await lab.load({ ...into("202501"), ignoreUnknownValues: true, schema });
  assert.match(blank.status.errorResult.message, /^Some rows belong to different partitions/);
});

test("a decorator is as long as the table's partitions want it, and a date", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  for (const decorator of ["20250101", "2025", "2025010100", "202513", "x"]) {
    const { status } = await lab.load({ ...into(decorator), schema });
    assert.equal(status.errorResult.reason, "invalid", decorator);
    assert.match(status.errorResult.message, /^Invalid date partitioned table decorator/, decorator);
  }
  for (const [type, decorator] of [
    ["DAY", "20250101"],
    ["YEAR", "2025"],
    ["HOUR", "2025010100"],
  ]) {
    await using other = await startKlines({}, { timePartitioning: { type, field: "ts" } });
    await add(other, "jan.parquet", hours("2025-01-01", 1));
    assert.deepEqual((await other.load({ ...into(String(decorator)), schema })).status, { state: "DONE" }, decorator);
    assert.equal((await other.load({ ...into("202501"), schema })).status.errorResult.reason, "invalid");
  }
  await using plain = await startKlines({}, { timePartitioning: undefined });
  await add(plain, "jan.parquet", hours("2025-01-01", 1));
  assert.equal((await plain.load({ ...into("202501"), schema })).status.errorResult.reason, "invalid");
});

test("a table that is missing is made or refused", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  const destinationTable = { projectId: "demo", datasetId: "raw", tableId: "made" };
  const never = await lab.load({ destinationTable, schema, createDisposition: "CREATE_NEVER" });
  assert.deepEqual(never.status.errorResult, { reason: "notFound", message: "Not found: Table demo:raw.made" });
  const timePartitioning = { type: "MONTH", field: "ts" };
  await lab.load({ destinationTable, schema, timePartitioning, clustering: { fields: ["symbol"] } });
  const { body } = await lab.ask("GET", "projects/demo/datasets/raw/tables/made");
  assert.deepEqual(
    [body.numRows, body.timePartitioning, body.clustering],
    ["5", timePartitioning, { fields: ["symbol"] }],
  );
  const nowhere = await lab.load({ destinationTable: { ...destinationTable, datasetId: "none" }, schema });
  assert.deepEqual([nowhere.error.code, nowhere.error.message], [404, "Not found: Dataset demo:none"]);
});

test("a job that fails leaves no table behind that it made", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  const destinationTable = { projectId: "demo", datasetId: "raw", tableId: "made$202502" };
  const timePartitioning = { type: "MONTH", field: "ts" };
  const { status } = await lab.load({ destinationTable, schema, timePartitioning });
  assert.match(status.errorResult.message, /^Some rows belong to different partitions/);
  assert.equal((await lab.ask("GET", "projects/demo/datasets/raw/tables/made")).status, 404);
});

test("one star a URI, which crosses folders; what nothing matches is an error", async () => {
  await using lab = await startKlines();
  await add(lab, "raw/yyyy=2025/mm=01/a.parquet", hours("2025-01-01", 5));
  await add(lab, "raw/yyyy=2025/mm=02/b.parquet", hours("2025-02-01", 5));
  const failure = async (...sourceUris: string[]) => (await lab.load({ schema, sourceUris })).status.errorResult;
  assert.equal((await failure("gs://lake/raw/yyyy=*/mm=*/a.parquet")).reason, "invalid");
  assert.equal((await failure("gs://la*/raw/a.parquet")).reason, "invalid");
  assert.deepEqual(await failure("gs://lake/raw/none*.parquet"), {
    reason: "notFound",
    message: "Not found: URI gs://lake/raw/none*.parquet",
  });
  assert.equal((await failure("gs://lake/raw/yyyy=2025/*.parquet", "gs://lake/none")).reason, "notFound");
  assert.equal((await failure("gs://other/a.parquet")).reason, "notFound");
  assert.equal((await failure(...Array.from({ length: 10_001 }, (_, i) => `gs://lake/${i}`))).reason, "invalid");
  assert.deepEqual(await count(lab), ["0"]);
  const { statistics } = await lab.load({ schema, sourceUris: ["gs://lake/raw/yyyy=2025/*.parquet"] });
  assert.deepEqual([statistics.load.inputFiles, statistics.load.outputRows], ["2", "10"]);
});

test("the bucket lies where the dataset does, or around it", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  lab.buckets.locations.set("lake", "europe-west1");
  assert.deepEqual((await lab.load({ schema })).status.errorResult, {
    reason: "invalid",
    message: "Cannot read and write in different locations: source: europe-west1, destination: us-central1",
  });
  lab.buckets.locations.set("lake", "us");
  assert.deepEqual((await lab.load({ schema })).status, { state: "DONE" });
});

test("all files or none", async () => {
  await using lab = await startKlines();
  await add(lab, "a.parquet", hours("2025-01-01", 5));
  lab.buckets.objects.set("lake/b.parquet", Buffer.from("no such thing"));
  const { errorResult } = (await lab.load({ schema })).status;
  assert.match(errorResult.message, /Input file is not in Parquet format.*gs:\/\/lake\/b\.parquet/);
  const torn = await parquetOf(hours("2025-01-02", 5000));
  torn.fill(0xff, 4, 40);
  lab.buckets.objects.set("lake/b.parquet", torn);
  const unread = (await lab.load({ schema })).status.errorResult;
  assert.equal(unread.reason, "invalid");
  assert.match(unread.message, /^Error while reading data, error message/);
  assert.deepEqual(await count(lab), ["0"]);
});

test("a job changes 4,000 partitions at most", async () => {
  await using lab = await startKlines({}, { timePartitioning: { type: "HOUR", field: "ts" } });
  await add(lab, "many.parquet", hours("2025-01-01", 4_001));
  const { errorResult } = (await lab.load({ schema })).status;
  assert.equal(errorResult.reason, "invalid");
  assert.match(errorResult.message, /^Too many partitions/);
  await add(lab, "many.parquet", hours("2025-01-01", 4_000));
  assert.deepEqual((await lab.load({ schema })).status, { state: "DONE" });
});

test("partitions past their time vanish with the load that brings them, and as time goes by", async () => {
  let now = Date.UTC(2025, 2, 20);
  await using lab = await startKlines({ now: () => now, sandbox: true });
  for (const month of ["01", "02", "03"]) await add(lab, `${month}.parquet`, hours(`2025-${month}-01`, 4));
  const { status, statistics } = await lab.load({ schema });
  assert.deepEqual([status, statistics.load.outputRows], [{ state: "DONE" }, "12"]);
  assert.deepEqual(await lab.column("SELECT DISTINCT FORMAT_TIMESTAMP('%Y-%m', ts) AS m FROM raw.klines ORDER BY m"), [
    "2025-02",
    "2025-03",
  ]);
  now = Date.UTC(2025, 3, 10);
  assert.deepEqual(await count(lab), ["4"]);
});

test("keys of the path that meet a column of the file are refused", async () => {
  await using lab = await startKlines();
  await add(lab, "raw/symbol=BTCUSDT/a.parquet", hours("2025-01-01", 5));
  const sourceUris = ["gs://lake/raw/symbol=BTCUSDT/a.parquet"];
  const hivePartitioningOptions = { mode: "AUTO", sourceUriPrefix: "gs://lake/raw" };
  const { errorResult } = (await lab.load({ schema, sourceUris, hivePartitioningOptions })).status;
  assert.deepEqual([errorResult.reason, /symbol/.test(errorResult.message)], ["invalid", true]);
  assert.deepEqual((await lab.load({ schema, sourceUris })).status, { state: "DONE" });
});

test("an option that would be ignored is refused", async () => {
  await using lab = await startKlines();
  await add(lab, "jan.parquet", hours("2025-01-01", 5));
  const { errorResult } = (await lab.load({ schema, columnNameCharacterMap: "V2" })).status;
  assert.equal(errorResult.reason, "notImplemented");
});
