import assert from "node:assert/strict";
import { test } from "node:test";
import { type Body, FIELDS, hours, parquetOf, startKlines, startLab } from "../fakes/bigquery-lab.ts";

const DATASETS = "projects/demo/datasets";
const TABLES = `${DATASETS}/raw/tables`;

test("datasets are made once, changed but for their place, and deleted when they are empty", async () => {
  await using lab = await startKlines();
  const again = await lab.ask("POST", DATASETS, { datasetReference: { datasetId: "raw" } });
  assert.deepEqual([again.status, again.body.error.message], [409, "Already Exists: Dataset demo:raw"]);
  assert.equal((await lab.ask("POST", DATASETS, { datasetReference: { datasetId: "a-b" } })).status, 400);
  const changed = await lab.ask("PATCH", `${DATASETS}/raw`, { description: "Candles", labels: { a: "b" } });
  assert.deepEqual([changed.body.description, changed.body.labels], ["Candles", { a: "b" }]);
  const moved = await lab.ask("PATCH", `${DATASETS}/raw`, { location: "EU" });
  assert.equal(moved.body.error.errors[0].reason, "invalid");
  assert.equal((await lab.ask("GET", `${DATASETS}/raw`)).body.location, "us-central1");
  assert.equal((await lab.ask("DELETE", `${DATASETS}/raw`)).body.error.errors[0].reason, "resourceInUse");
  assert.equal((await lab.ask("DELETE", `${DATASETS}/raw?deleteContents=true`)).status, 204);
  assert.equal((await lab.ask("GET", `${DATASETS}/raw`)).body.error.message, "Not found: Dataset demo:raw");
});

test("both spellings of the paths lead to the same", async () => {
  await using lab = await startKlines();
  const [long, bare] = await Promise.all(
    [`/bigquery/v2/${TABLES}/klines`, `/${TABLES}/klines`].map(async (path) => (await fetch(lab.url + path)).json()),
  );
  assert.deepEqual(long, bare);
  for (const path of ["/$discovery/rest?version=v2", "/discovery/v1/apis/bigquery/v2/rest"]) {
    const { name, resources }: Body = await (await fetch(lab.url + path)).json();
    assert.deepEqual([name, resources.jobs.methods.insert.httpMethod], ["bigquery", "POST"]);
  }
});

test("a table keeps what it was made with", async () => {
  await using lab = await startKlines();
  const reference = { projectId: "demo", datasetId: "raw", tableId: "t" };
  const made = await lab.ask("POST", TABLES, {
    tableReference: reference,
    description: "Candles",
    schema: { fields: [{ name: "ts", type: "TIMESTAMP", mode: "REQUIRED", description: "Close time." }] },
    timePartitioning: { type: "DAY", field: "ts", expirationMs: "86400000" },
    clustering: { fields: ["ts"] },
  });
  const { body } = await lab.ask("GET", `${TABLES}/t`);
  assert.deepEqual(made.body, body);
  const { etag, numRows, numBytes, type, timePartitioning, clustering, schema, description, location } = body;
  assert.equal(typeof etag, "string");
  assert.deepEqual([numRows, numBytes, type, description, location], ["0", "0", "TABLE", "Candles", "us-central1"]);
  assert.deepEqual(timePartitioning, { type: "DAY", field: "ts", expirationMs: "86400000" });
  assert.deepEqual(clustering, { fields: ["ts"] });
  assert.deepEqual(schema.fields, [{ name: "ts", type: "TIMESTAMP", mode: "REQUIRED", description: "Close time." }]);
  const again = await lab.ask("POST", TABLES, { tableReference: reference });
  assert.deepEqual([again.status, again.body.error.message], [409, "Already Exists: Table demo:raw.t"]);
});

test("tables that cannot be are not made", async () => {
  await using lab = await startKlines();
  const failure = async (tableId: string, rest: Body = {}) =>
    (await lab.ask("POST", TABLES, { tableReference: { tableId }, schema: { fields: FIELDS }, ...rest })).status;
  assert.equal(await failure("t$202501"), 400);
  assert.equal(await failure("t", { timePartitioning: { type: "MONTH", field: "none" } }), 400);
  assert.equal(await failure("t", { timePartitioning: { type: "MONTH", field: "symbol" } }), 400);
  assert.equal(await failure("t", { timePartitioning: { type: "WEEK", field: "ts" } }), 400);
  assert.equal(await failure("t", { clustering: { fields: ["close"] } }), 400);
  assert.equal(await failure("t", { clustering: { fields: ["ts", "symbol", "trades", "ts", "ts"] } }), 400);
  assert.equal(await failure("t", { schema: { fields: [{ name: "a.b", type: "STRING" }] } }), 400);
  assert.equal(await failure("t", { schema: { fields: [{ name: "_PARTITIONTIME", type: "STRING" }] } }), 400);
  assert.equal(await failure("t", { schema: { fields: [{ name: "a", type: "TEXT" }] } }), 400);
  assert.equal(await failure("t", { schema: { fields: [...FIELDS, { name: "TS", type: "STRING" }] } }), 400);
  assert.equal((await lab.ask("GET", `${TABLES}/t`)).body.error.message, "Not found: Table demo:raw.t");
});

test("a schema grows and relaxes, and never narrows", async () => {
  await using lab = await startKlines();
  const patch = (fields: Body[], headers: Body = {}) =>
    fetch(`${lab.url}/bigquery/v2/${TABLES}/klines`, {
      method: "PATCH",
      headers,
      body: JSON.stringify({ schema: { fields } }),
    });
  assert.equal((await patch(FIELDS.slice(1))).status, 400);
  assert.equal((await patch(FIELDS.map((field) => ({ ...field, mode: "REQUIRED" })))).status, 400);
  assert.equal((await patch(FIELDS.map((field) => ({ ...field, type: "STRING" })))).status, 400);
  assert.equal((await patch([...FIELDS, { name: "late", type: "STRING", mode: "REQUIRED" }])).status, 400);
  const wider: Body = await (await patch([...FIELDS, { name: "late", type: "STRING", description: "New." }])).json();
  assert.deepEqual(wider.schema.fields[4], { name: "late", type: "STRING", mode: "NULLABLE", description: "New." });
  assert.deepEqual(await lab.column("SELECT late FROM raw.klines"), []);
  assert.equal((await patch(wider.schema.fields, { "if-match": "other" })).status, 412);
  assert.equal((await patch(wider.schema.fields, { "if-match": wider.etag })).status, 200);
  const moved = await lab.ask("PATCH", `${TABLES}/klines`, { timePartitioning: { type: "DAY", field: "ts" } });
  assert.match(moved.body.error.message, /^Cannot change partitioning/);
});

test("table data come in pages, by columns and by partitions", async () => {
  await using lab = await startKlines();
  lab.buckets.objects.set("lake/a.parquet", await parquetOf(hours("2025-01-31", 48)));
  await lab.load({ schema: { fields: FIELDS } });
  const list = async (id: string, query: string) => (await lab.ask("GET", `${TABLES}/${id}/data?${query}`)).body;
  const first = await list("klines", "maxResults=30&selectedFields=trades");
  assert.deepEqual([first.totalRows, first.rows.length, first.rows[29].f], ["48", 30, [{ v: "29" }]]);
  const rest = await list("klines", `maxResults=30&selectedFields=trades&pageToken=${first.pageToken}`);
  assert.deepEqual([rest.rows.length, rest.rows[0].f, rest.pageToken], [18, [{ v: "30" }], undefined]);
  const february = await list(
    "klines$202502",
    "formatOptions.useInt64Timestamp=true&selectedFields=ts,close&maxResults=1",
  );
  assert.equal(february.totalRows, "24");
  assert.deepEqual(february.rows, [{ f: [{ v: "1738368000000000" }, { v: "124.5" }] }]);
  assert.deepEqual((await list("klines$202502", "selectedFields=ts&maxResults=1")).rows, [
    { f: [{ v: "1.738368E9" }] },
  ]);
  assert.equal((await list("klines", "selectedFields=none")).error.code, 400);
  assert.equal((await list("klines$20250201", "")).error.code, 400);
});

test("a partition has figures of its own, and can be deleted alone", async () => {
  await using lab = await startKlines();
  lab.buckets.objects.set("lake/a.parquet", await parquetOf(hours("2025-01-31", 30)));
  await lab.load({ schema: { fields: FIELDS } });
  const figures = async (id: string) => {
    const { numRows, numBytes } = (await lab.ask("GET", `${TABLES}/${id}`)).body;
    return [numRows, numBytes];
  };
  assert.deepEqual(await figures("klines$202502"), ["6", String(6 * 33)]);
  assert.deepEqual(await figures("klines$202503"), ["0", "0"]);
  assert.equal((await lab.ask("DELETE", `${TABLES}/klines$202501`)).status, 204);
  assert.deepEqual(await figures("klines"), ["6", String(6 * 33)]);
  assert.equal((await lab.ask("GET", `${TABLES}/klines$2025`)).status, 400);
});

test("tables are listed by name, and go when their time has come", async () => {
  let now = Date.UTC(2025, 0, 1);
  await using lab = await startLab({ now: () => now });
  await lab.ask("POST", DATASETS, { datasetReference: { datasetId: "raw" }, defaultTableExpirationMs: "1000" });
  for (const tableId of ["b", "a"]) await lab.ask("POST", TABLES, { tableReference: { tableId } });
  const { body } = await lab.ask("GET", `${TABLES}?maxResults=1`);
  assert.deepEqual([body.tables[0].tableReference.tableId, body.totalItems, body.nextPageToken], ["a", 2, "1"]);
  assert.equal((await lab.ask("DELETE", `${TABLES}/a`)).status, 204);
  assert.equal((await lab.ask("GET", `${TABLES}/b`)).body.expirationTime, String(now + 1_000));
  now += 1_000;
  assert.equal((await lab.ask("GET", `${TABLES}/b`)).status, 404);
});
