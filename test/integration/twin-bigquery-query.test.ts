import assert from "node:assert/strict";
import { test } from "node:test";
import { type Body, FIELDS, hours, type Lab, parquetOf, startKlines } from "../fakes/bigquery-lab.ts";

const QUERIES = "projects/demo/queries";
const MB = 1 << 20;

/** 48 hours of candles in `raw.klines`, on both sides of a month's end. */
async function start(options: Parameters<typeof startKlines>[0] = {}): Promise<Lab> {
  const lab = await startKlines(options);
  lab.buckets.objects.set("lake/a.parquet", await parquetOf(hours("2025-01-31", 48)));
  await lab.load({ schema: { fields: FIELDS } });
  return lab;
}

const ask = async (lab: Lab, query: string, rest: Body = {}) =>
  (await lab.ask("POST", QUERIES, { query, useLegacySql: false, ...rest })).body;

async function job(lab: Lab, query: string, rest: Body = {}): Promise<Body> {
  const configuration = { query: { query, useLegacySql: false, ...rest } };
  const { body } = await lab.ask("POST", "projects/demo/jobs", { configuration });
  const { jobId, location } = body.jobReference;
  return (await lab.ask("GET", `projects/demo/jobs/${jobId}?location=${location}`)).body;
}

test("names of tables: whole, quoted, and of the default dataset", async () => {
  await using lab = await start();
  for (const name of ["`demo.raw.klines`", "demo.raw.klines", "raw.klines", "`raw`.`klines`", "`demo`.raw.klines"]) {
    assert.deepEqual(await lab.column(`SELECT count(klines.trades) FROM ${name}`), ["48"], name);
  }
  const defaultDataset = { datasetId: "raw" };
  assert.equal((await ask(lab, "SELECT count(*) AS n FROM klines AS k", { defaultDataset })).rows[0].f[0].v, "48");
  assert.equal((await ask(lab, "SELECT 1 FROM klines")).error.errors[0].reason, "invalid");
  const missing = await lab.ask("POST", QUERIES, { query: "SELECT 1 FROM raw.none", useLegacySql: false });
  assert.deepEqual([missing.status, missing.body.error.errors[0].reason], [404, "notFound"]);
  assert.deepEqual(await lab.column("WITH klines AS (SELECT 1 AS x) SELECT x FROM klines"), ["1"]);
});

test("GoogleSQL as candlelake's users write it", async () => {
  await using lab = await start();
  const one = async (expression: string) => (await lab.column(`SELECT ${expression}`))[0];
  assert.equal(await one("SAFE_DIVIDE(1, 0)"), null);
  assert.equal(await one("SAFE_DIVIDE(1, 4)"), "0.25");
  assert.equal(await one("FORMAT_TIMESTAMP('%F %T', TIMESTAMP '2025-01-02 03:04:05+00')"), "2025-01-02 03:04:05");
  assert.equal(
    await one('CAST(TIMESTAMP_TRUNC(TIMESTAMP("2025-01-02 03:04:05+00"), MONTH) AS STRING)'),
    "2025-01-01 00:00:00+00",
  );
  assert.equal(await one("TIMESTAMP_DIFF(TIMESTAMP '2025-01-03', TIMESTAMP '2025-01-01 12:00:00', DAY)"), "1");
  assert.equal(await one("UNIX_MILLIS(TIMESTAMP_ADD(TIMESTAMP '1970-01-01', INTERVAL 2 HOUR))"), "7200000");
  assert.equal(await one("1.5"), "1.5");
  assert.equal(await one("CAST('x' AS STRING)"), "x");
  assert.equal(await one("SAFE_CAST('x' AS INT64)"), null);
  assert.equal(await one("IF(EXTRACT(YEAR FROM DATE '2025-01-01') = 2025, 'a', \"b\")"), "a");
  assert.equal(await one("LOG(EXP(2.0))"), "2.0");
  const zone = "'America/New_York'";
  assert.equal(await one(`FORMAT_TIMESTAMP('%H', TIMESTAMP '2025-01-02 03:00:00+00', ${zone})`), "22");
  assert.equal(
    await one(`UNIX_SECONDS(TIMESTAMP_TRUNC(TIMESTAMP '2025-01-02 03:00:00+00', DAY, ${zone}))`),
    "1735707600",
  );
  const { schema } = await ask(
    lab,
    "SELECT 1 AS timestamp, CAST(2 AS STRING) AS string, CAST(1.5 AS NUMERIC) AS numeric",
  );
  assert.deepEqual(
    schema.fields.map(({ name, type }: Body) => [name, type]),
    [
      ["timestamp", "INTEGER"],
      ["string", "STRING"],
      ["numeric", "NUMERIC"],
    ],
  );
  assert.deepEqual(await lab.column("SELECT COUNTIF(trades > 45) FROM raw.klines"), ["2"]);
  assert.deepEqual(await lab.column("SELECT * EXCEPT (ts, symbol) FROM raw.klines ORDER BY close DESC LIMIT 1"), [
    "147.5",
  ]);
  const window = "SELECT trades FROM raw.klines QUALIFY ROW_NUMBER() OVER (ORDER BY ts DESC) = 1";
  assert.deepEqual(await lab.column(window), ["47"]);
  const range =
    "SELECT SUM(trades) OVER (ORDER BY UNIX_SECONDS(ts) RANGE BETWEEN 7200 PRECEDING AND CURRENT ROW) FROM raw.klines ORDER BY ts LIMIT 3";
  assert.deepEqual(await lab.column(range), ["0", "1", "3"]);
  const joined =
    "SELECT count(*) FROM raw.klines AS a JOIN `demo.raw.klines` AS b USING (ts), UNNEST([1, 2]) AS x WHERE a.ts IS NOT DISTINCT FROM b.ts";
  assert.deepEqual(await lab.column(joined), ["96"]);
});

test("`interval` is a name within backticks alone", async () => {
  await using lab = await start();
  const tableReference = { tableId: "spot" };
  await lab.ask("POST", "projects/demo/datasets/raw/tables", {
    tableReference,
    schema: { fields: [{ name: "interval", type: "STRING" }] },
  });
  assert.deepEqual(await lab.column("SELECT `interval` FROM raw.spot WHERE `interval` = '1h'"), []);
  for (const query of ["SELECT interval FROM raw.spot", "SELECT 1 FROM raw.spot WHERE interval = '1h'"]) {
    const { error } = await ask(lab, query);
    assert.deepEqual([error.code, error.errors[0].reason], [400, "invalidQuery"], query);
    assert.match(error.message, /^Syntax error/);
  }
});

test("what is no GoogleSQL is refused as BigQuery does", async () => {
  await using lab = await start();
  const failure = async (query: string) => (await ask(lab, query)).error ?? {};
  assert.match((await failure("SELEC 1")).message, /^Syntax error: Unexpected identifier "SELEC"/);
  assert.match((await failure("SELECT 1 +")).message, /^Syntax error/);
  assert.match(
    (await failure("SELECT close::STRING FROM raw.klines")).message,
    /^Syntax error: Illegal input character ":"/,
  );
  assert.equal((await failure("SELECT none FROM raw.klines")).message, "Unrecognized name: none");
  assert.match((await failure("SELECT epoch_ms(ts) FROM raw.klines")).message, /^Function not found/);
  for (const query of ["SELEC 1", "SELECT none FROM raw.klines", "SELECT epoch_ms(ts) FROM raw.klines"]) {
    const { errorResult } = (await job(lab, query)).status;
    assert.equal(errorResult.reason, "invalidQuery", query);
  }
  assert.equal((await ask(lab, "SELECT 1", { useLegacySql: true })).error.errors[0].reason, "notImplemented");
});

test("answers have BigQuery's types and come in pages", async () => {
  await using lab = await start();
  const query =
    "SELECT 1 AS i, 1.5 AS f, 'a' AS s, true AS b, TIMESTAMP '2025-01-01' AS ts, DATE '2025-01-01' AS d, b'x' AS y, " +
    "CAST(1.5 AS NUMERIC) AS n, [1, 2] AS l, SUM(trades) AS total FROM raw.klines";
  const { schema, rows, jobComplete, totalRows } = await ask(lab, query);
  assert.deepEqual([jobComplete, totalRows], [true, "1"]);
  assert.deepEqual(
    schema.fields.map(({ type, mode }: Body) => `${type} ${mode}`),
    [
      "INTEGER NULLABLE",
      "FLOAT NULLABLE",
      "STRING NULLABLE",
      "BOOLEAN NULLABLE",
      "TIMESTAMP NULLABLE",
      "DATE NULLABLE",
      "BYTES NULLABLE",
      "NUMERIC NULLABLE",
      "INTEGER REPEATED",
      "INTEGER NULLABLE",
    ],
  );
  assert.deepEqual(rows[0].f.slice(8), [{ v: [{ v: "1" }, { v: "2" }] }, { v: "1128" }]);
  const first = await ask(lab, "SELECT trades FROM raw.klines ORDER BY ts", { maxResults: 30 });
  const { jobId, location } = first.jobReference;
  const rest = await lab.ask("GET", `${QUERIES}/${jobId}?location=${location}&pageToken=${first.pageToken}`);
  assert.deepEqual([first.rows.length, rest.body.rows.length, rest.body.rows[0].f[0].v], [30, 18, "30"]);
  const [read] = await lab.client.query("SELECT ts, close FROM raw.klines ORDER BY ts LIMIT 1");
  assert.deepEqual([read[0].ts.value, read[0].close], ["2025-01-31T00:00:00.000Z", 100.5]);
});

test("a dry run tells statement, columns and bytes, and runs nothing", async () => {
  await using lab = await start();
  const dry = async (query: string) => {
    const configuration = { dryRun: true, query: { query, useLegacySql: false } };
    const { body } = await lab.ask("POST", "projects/demo/jobs", { configuration });
    const { statementType, schema } = body.statistics.query;
    return [statementType, Number(body.statistics.totalBytesProcessed), schema?.fields.length];
  };
  assert.deepEqual(await dry("SELECT close FROM raw.klines"), ["SELECT", 48 * 8, 1]);
  assert.deepEqual(await dry("SELECT count(*) FROM raw.klines"), ["SELECT", 0, 1]);
  assert.deepEqual(await dry("SELECT symbol, close * 2 FROM raw.klines"), ["SELECT", 48 * (8 + 2 + 7), 2]);
  assert.deepEqual(await dry("SELECT * FROM raw.klines WHERE ts < TIMESTAMP '2025-02-01'"), ["SELECT", 48 * 33, 4]);
  assert.deepEqual(await dry("DELETE FROM raw.klines WHERE trades = 1"), ["DELETE", 48 * 8, undefined]);
  assert.deepEqual(await dry("INSERT INTO raw.klines (trades) VALUES (1)"), ["INSERT", 48 * 8, undefined]);
  assert.deepEqual(await dry("CREATE TABLE raw.x AS SELECT 1 AS a"), ["CREATE_TABLE_AS_SELECT", 0, undefined]);
  assert.deepEqual(await dry("DROP TABLE raw.klines"), ["DROP_TABLE", 0, undefined]);
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines"), ["48"]);
  const answer = await ask(lab, "SELECT close FROM raw.klines", { dryRun: true });
  assert.deepEqual([answer.totalBytesProcessed, answer.schema.fields[0].type], [String(48 * 8), "FLOAT"]);
  const wrong = await lab.ask("POST", "projects/demo/jobs", {
    configuration: { dryRun: true, query: { query: "SELEC", useLegacySql: false } },
  });
  assert.deepEqual([wrong.status, wrong.body.error.errors[0].reason], [400, "invalidQuery"]);
  assert.equal(
    (await lab.ask("GET", "projects/demo/jobs")).body.jobs.filter(
      ({ configuration }: Body) => configuration.jobType === "QUERY",
    ).length,
    1,
  );
});

test("a query is billed 10 MB a table at least, and not run where that is too much", async () => {
  await using lab = await start();
  const { statistics } = await job(lab, "SELECT close FROM raw.klines");
  const { totalBytesBilled, totalBytesProcessed, statementType, referencedTables } = statistics.query;
  assert.deepEqual([totalBytesBilled, totalBytesProcessed, statementType], [String(10 * MB), "384", "SELECT"]);
  assert.deepEqual(referencedTables, [{ projectId: "demo", datasetId: "raw", tableId: "klines" }]);
  assert.equal((await job(lab, "SELECT 1")).statistics.query.totalBytesBilled, "0");
  const limited = await job(lab, "SELECT close FROM raw.klines", { maximumBytesBilled: "1000" });
  assert.deepEqual(limited.status.errorResult, {
    reason: "bytesBilledLimitExceeded",
    message: `Query exceeded limit for bytes billed: 1000. ${10 * MB} or higher required.`,
  });
  const enough = await job(lab, "SELECT close FROM raw.klines", { maximumBytesBilled: String(10 * MB) });
  assert.deepEqual(enough.status, { state: "DONE" });
});

test("without billing rows are neither changed nor streamed, but loaded and copied", async () => {
  const now = () => Date.UTC(2025, 1, 10);
  await using lab = await start({ sandbox: true, now });
  for (const query of [
    "INSERT INTO raw.klines (trades) VALUES (1)",
    "UPDATE raw.klines SET trades = 0 WHERE true",
    "DELETE FROM raw.klines WHERE true",
    "MERGE raw.klines AS t USING raw.klines AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
  ]) {
    const { errorResult } = (await job(lab, query)).status;
    assert.equal(errorResult.reason, "billingNotEnabled", query);
    assert.match(errorResult.message, /DML queries are not allowed in the free tier/);
    assert.equal((await ask(lab, query)).error.code, 403);
  }
  const streamed = await lab.ask("POST", "projects/demo/datasets/raw/tables/klines/insertAll", { rows: [] });
  assert.match(streamed.body.error.message, /not allowed in the free tier/);
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines"), ["48"]);
});

test("with billing statements change rows, and say how many", async () => {
  await using lab = await start();
  const affected = async (query: string) => (await job(lab, query)).statistics.query.numDmlAffectedRows;
  assert.equal(await affected("DELETE FROM raw.klines WHERE trades < 10"), "10");
  assert.equal(await affected("UPDATE raw.klines SET close = 0 WHERE trades = 20"), "1");
  assert.equal(await affected("INSERT INTO raw.klines (ts, trades) VALUES (TIMESTAMP '2025-03-01', 5)"), "1");
  assert.equal((await lab.ask("GET", "projects/demo/datasets/raw/tables/klines")).body.numRows, "39");
});

test("parameters, by name and by place", async () => {
  await using lab = await start();
  const [named] = await lab.client.query({
    query: "SELECT count(*) AS n FROM raw.klines WHERE trades >= @least AND symbol IN UNNEST(@symbols)",
    params: { least: 40, symbols: ["BTCUSDT"] },
  });
  assert.equal(named[0].n, 8);
  const [placed] = await lab.client.query({ query: "SELECT ? AS a, ? AS b", params: ["x", 2] });
  assert.deepEqual(placed[0], { a: "x", b: 2 });
  const { error } = await ask(lab, "SELECT @none");
  assert.equal(error.message, "Query parameter 'none' not found");
});

test("statements make and drop datasets, tables and views", async () => {
  await using lab = await start();
  const run = async (query: string) => {
    const { status, statistics } = await job(lab, query);
    return status.errorResult?.reason ?? statistics.query.statementType;
  };
  assert.equal(
    await run("CREATE SCHEMA IF NOT EXISTS `demo.made` OPTIONS (location = 'us-central1')"),
    "CREATE_SCHEMA",
  );
  assert.equal(await run("CREATE SCHEMA made"), "duplicate");
  const columns =
    "(\n  ts TIMESTAMP NOT NULL OPTIONS (description = 'It''s \\'time\\'.'),\n  `interval` STRING,\n  x FLOAT64 -- a number\n)";
  const table = `CREATE TABLE made.t ${columns} PARTITION BY TIMESTAMP_TRUNC(ts, MONTH) CLUSTER BY \`interval\` OPTIONS (description = "T", partition_expiration_days = 2)`;
  assert.equal(await run(table.replace("'It''s \\'time\\'.'", '"Time."')), "CREATE_TABLE");
  const { body } = await lab.ask("GET", "projects/demo/datasets/made/tables/t");
  assert.deepEqual(body.schema.fields, [
    { name: "ts", type: "TIMESTAMP", mode: "REQUIRED", description: "Time." },
    { name: "interval", type: "STRING", mode: "NULLABLE" },
    { name: "x", type: "FLOAT", mode: "NULLABLE" },
  ]);
  assert.deepEqual(body.timePartitioning, { type: "MONTH", field: "ts", expirationMs: "172800000" });
  assert.deepEqual([body.clustering, body.description], [{ fields: ["interval"] }, "T"]);
  assert.equal(
    await run("CREATE TABLE made.copy AS SELECT ts, close FROM raw.klines WHERE trades < 5"),
    "CREATE_TABLE_AS_SELECT",
  );
  assert.deepEqual(await lab.column("SELECT count(*) FROM made.copy"), ["5"]);
  assert.equal(await run("CREATE VIEW made.v AS SELECT close AS price FROM raw.klines"), "CREATE_VIEW");
  assert.deepEqual(await lab.column("SELECT max(v.price) FROM made.v"), ["147.5"]);
  assert.equal(await run("CREATE VIEW made.w AS SELECT none FROM raw.klines"), "invalidQuery");
  assert.equal(await run("DROP TABLE made.t"), "DROP_TABLE");
  assert.equal(await run("DROP TABLE made.t"), "notFound");
  assert.equal(await run("DROP TABLE IF EXISTS made.t"), "DROP_TABLE");
  assert.equal(await run("DROP VIEW made.v; SELECT 1"), "SCRIPT");
  assert.equal(await run("DROP SCHEMA made"), "resourceInUse");
});

test("INFORMATION_SCHEMA lists tables, columns and partitions", async () => {
  await using lab = await start();
  assert.deepEqual(await lab.column("SELECT table_name FROM raw.INFORMATION_SCHEMA.TABLES"), ["klines"]);
  const types = "SELECT data_type FROM `demo.raw.INFORMATION_SCHEMA.COLUMNS` ORDER BY ordinal_position";
  assert.deepEqual(await lab.column(types), ["TIMESTAMP", "STRING", "FLOAT64", "INT64"]);
  const partitions =
    "SELECT CONCAT(partition_id, ' ', CAST(total_rows AS STRING)) FROM raw.INFORMATION_SCHEMA.PARTITIONS ORDER BY 1";
  assert.deepEqual(await lab.column(partitions), ["202501 24", "202502 24"]);
});

test("a query writes its rows into a table", async () => {
  await using lab = await start();
  const destinationTable = { projectId: "demo", datasetId: "raw", tableId: "hours" };
  await job(lab, "SELECT trades FROM raw.klines", { destinationTable });
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.hours"), ["48"]);
  const again = await job(lab, "SELECT trades FROM raw.klines", { destinationTable });
  assert.equal(again.status.errorResult.reason, "duplicate");
});

test("a request that is sent twice runs one query", async () => {
  await using lab = await start();
  const insert = "INSERT INTO raw.klines (trades) VALUES (1)";
  const first = await ask(lab, insert, { requestId: "one" });
  const second = await ask(lab, insert, { requestId: "one" });
  assert.deepEqual(first.jobReference, second.jobReference);
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines"), ["49"]);
});

test("a query that takes time is asked after", async () => {
  await using lab = await start();
  lab.twin.jobs.polls = 1;
  const first = await ask(lab, "SELECT 1 AS x");
  assert.equal(first.jobComplete, false);
  const [rows] = await lab.client.query("SELECT 2 AS x");
  assert.deepEqual(rows, [{ x: 2 }]);
});
