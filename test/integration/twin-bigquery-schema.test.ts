import assert from "node:assert/strict";
import { test } from "node:test";
import { type Body, FIELDS, type Lab, parquetOf, startKlines } from "../fakes/bigquery-lab.ts";

const TABLE = { projectId: "demo", datasetId: "raw", tableId: "t" };

/** Loads one file of these columns into `raw.t`. */
async function load(lab: Lab, columns: string, section: Body = {}, options?: string): Promise<Body> {
  lab.buckets.objects.set("lake/a.parquet", await parquetOf(`SELECT ${columns}`, options));
  return (await lab.load({ destinationTable: TABLE, sourceUris: ["gs://lake/a.parquet"], ...section })).status;
}

const fields = (...specs: string[]) => ({
  fields: specs.map((spec) => {
    const [name, type, mode = "NULLABLE"] = spec.split(" ");
    return { name, type, mode };
  }),
});

/** Makes `raw.t` with these columns. */
const make = (lab: Lab, ...specs: string[]) =>
  lab.ask("POST", "projects/demo/datasets/raw/tables", { tableReference: TABLE, schema: fields(...specs) });

/** The file with its column `x` written as REQUIRED: its footer alone is changed. */
function required(file: Uint8Array): Uint8Array {
  const bytes = Buffer.from(file);
  // Compact Thrift of a schema element: repetition OPTIONAL, then the name.
  const at = bytes.lastIndexOf(Buffer.from([0x25, 0x02, 0x18, 0x01, 0x78]));
  assert.notEqual(at, -1);
  bytes[at + 1] = 0;
  return bytes;
}

test("a file alone makes columns as BigQuery types them", async () => {
  await using lab = await startKlines();
  const columns = [
    "true AS a_bool",
    "1::INTEGER AS b_int32",
    "2::BIGINT AS c_int64",
    "1.5::FLOAT AS d_float",
    "2.5::DOUBLE AS e_double",
    "'x' AS f_text",
    "'\\x01'::BLOB AS g_bytes",
    "DATE '2025-01-02' AS h_date",
    "TIMESTAMPTZ '2025-01-02 03:04:05.678901+00' AS i_micros",
    "TIMESTAMP_MS '2025-01-02 03:04:05.678' AS j_millis",
    "TIMESTAMP_NS '2025-01-02 03:04:05.678901234' AS k_nanos",
    "1.25::DECIMAL(18,8) AS l_decimal",
    "TIME '03:04:05' AS m_time",
  ];
  assert.deepEqual(await load(lab, columns.join(", ")), { state: "DONE" });
  const { body } = await lab.ask("GET", "projects/demo/datasets/raw/tables/t");
  const types = body.schema.fields.map(({ name, type, mode }: Body) => [name.slice(2), type, mode].join(" "));
  assert.deepEqual(types, [
    "bool BOOLEAN NULLABLE",
    "int32 INTEGER NULLABLE",
    "int64 INTEGER NULLABLE",
    "float FLOAT NULLABLE",
    "double FLOAT NULLABLE",
    "text STRING NULLABLE",
    "bytes BYTES NULLABLE",
    "date DATE NULLABLE",
    "micros TIMESTAMP NULLABLE",
    "millis TIMESTAMP NULLABLE",
    "nanos INTEGER NULLABLE",
    "decimal NUMERIC NULLABLE",
    "time TIME NULLABLE",
  ]);
  const micros = "?formatOptions.useInt64Timestamp=true";
  const data = (await lab.ask("GET", `projects/demo/datasets/raw/tables/t/data${micros}`)).body;
  assert.deepEqual(
    data.rows[0].f.map(({ v }: Body) => v),
    [
      "true",
      "1",
      "2",
      "1.5",
      "2.5",
      "x",
      "AQ==",
      "2025-01-02",
      "1735787045678901",
      "1735787045678000",
      "1735787045678901234",
      "1.25",
      "03:04:05",
    ],
  );
});

test("nanoseconds are integers: a table of timestamps refuses them, with and without a schema", async () => {
  await using lab = await startKlines();
  await make(lab, "x TIMESTAMP");
  for (const section of [{}, { schema: fields("x TIMESTAMP") }]) {
    const { errorResult } = await load(lab, "TIMESTAMP_NS '2025-01-02' AS x", section);
    assert.deepEqual(errorResult, {
      reason: "invalid",
      message: "Provided Schema does not match Table demo:raw.t. Field x has changed type from TIMESTAMP to INTEGER",
    });
  }
  assert.deepEqual(await load(lab, "TIMESTAMP_MS '2025-01-02' AS x"), { state: "DONE" });
});

test("types of file, schema and table have to be the same", async () => {
  await using lab = await startKlines();
  await make(lab, "x STRING");
  const changed = async (value: string, section: Body = {}) =>
    /changed type from (\w+ to \w+)/.exec((await load(lab, `${value} AS x`, section)).errorResult?.message)?.[1];
  assert.equal(await changed("'a'::BLOB"), "STRING to BYTES");
  assert.equal(await changed("1.5::DOUBLE"), "STRING to FLOAT");
  assert.equal(await changed("1::BIGINT", { schema: fields("x STRING") }), "STRING to INTEGER");
  assert.equal(await changed("1::BIGINT", { schema: fields("x INT64") }), "STRING to INTEGER");
  assert.equal(await changed("'a'"), undefined);
});

test("a time without a zone is a TIMESTAMP, or a DATETIME where the schema says so", async () => {
  await using lab = await startKlines();
  assert.deepEqual(await load(lab, "TIMESTAMP '2025-01-02' AS x", { schema: fields("x DATETIME") }), { state: "DONE" });
  const { errorResult } = await load(lab, "TIMESTAMPTZ '2025-01-02' AS x", { schema: fields("x DATETIME") });
  assert.match(errorResult.message, /changed type from DATETIME to TIMESTAMP/);
});

test("REQUIRED columns: a file that says OPTIONAL needs the schema, and no blanks", async () => {
  await using lab = await startKlines();
  await make(lab, "x INT64 REQUIRED");
  assert.deepEqual((await load(lab, "1::BIGINT AS x")).errorResult, {
    reason: "invalid",
    message: "Provided Schema does not match Table demo:raw.t. Field x has changed mode from REQUIRED to NULLABLE",
  });
  const schema = fields("x INT64 REQUIRED");
  assert.deepEqual(await load(lab, "1::BIGINT AS x", { schema }), { state: "DONE" });
  assert.match(
    (await load(lab, "NULL::BIGINT AS x", { schema })).errorResult.message,
    /Required field x cannot be null/,
  );
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.t"), ["1"]);
  const relaxed = { schemaUpdateOptions: ["ALLOW_FIELD_RELAXATION"] };
  assert.deepEqual(await load(lab, "NULL::BIGINT AS x", relaxed), { state: "DONE" });
});

test("a column that may be blank does not become REQUIRED by a job's schema", async () => {
  await using lab = await startKlines();
  await make(lab, "x INT64");
  const schema = fields("x INT64 REQUIRED");
  const message = "Provided Schema does not match Table demo:raw.t. Field x has changed mode from NULLABLE to REQUIRED";
  for (const value of ["1", "NULL"])
    assert.deepEqual((await load(lab, `${value}::BIGINT AS x`, { schema })).errorResult, {
      reason: "invalid",
      message,
    });
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.t"), ["0"]);
  // A table that is replaced whole gets the job's columns.
  const writeDisposition = "WRITE_TRUNCATE";
  assert.deepEqual(await load(lab, "1::BIGINT AS x", { schema, writeDisposition }), { state: "DONE" });
  assert.match((await load(lab, "NULL::BIGINT AS x", { schema })).errorResult.message, /Required field x/);
});

test("a file that says REQUIRED is refused where the schema says NULLABLE", async () => {
  await using lab = await startKlines();
  const file = required(await parquetOf("SELECT 1::BIGINT AS x"));
  lab.buckets.objects.set("lake/a.parquet", file);
  const section = { destinationTable: TABLE, schema: fields("x INT64") };
  const { errorResult } = (await lab.load(section)).status;
  assert.equal(errorResult.reason, "invalid");
  assert.match(
    errorResult.message,
    /Field x is specified as NULLABLE in provided schema which does not match REQUIRED/,
  );
});

test("columns that the table lacks are refused, or added; those that the file lacks are NULL", async () => {
  await using lab = await startKlines();
  await make(lab, "x INT64");
  const added = await load(lab, "1::BIGINT AS x, 'a' AS y");
  assert.match(added.errorResult.message, /Cannot add fields \(field: y\)/);
  assert.equal(
    (await load(lab, "1::BIGINT AS x, 'a' AS y", { schema: fields("x INT64") })).errorResult.reason,
    "invalid",
  );
  const schemaUpdateOptions = ["ALLOW_FIELD_ADDITION"];
  assert.deepEqual(await load(lab, "1::BIGINT AS x, 'a' AS y", { schemaUpdateOptions }), { state: "DONE" });
  const late = { schema: fields("x INT64", "y STRING", "z FLOAT64 REQUIRED"), schemaUpdateOptions };
  assert.match((await load(lab, "1::BIGINT AS x", late)).errorResult.message, /Cannot add required fields/);
  assert.deepEqual(await load(lab, "2::BIGINT AS x", { schema: fields("x INT64", "y STRING") }), { state: "DONE" });
  assert.deepEqual(await lab.column("SELECT COALESCE(y, 'none') FROM raw.t ORDER BY x"), ["a", "none"]);
  const whole = { schemaUpdateOptions, writeDisposition: "WRITE_TRUNCATE" };
  assert.match((await load(lab, "1::BIGINT AS x", whole)).errorResult.message, /^Schema update options/);
});

test("all files of a job have the same columns in the same order", async () => {
  await using lab = await startKlines();
  lab.buckets.objects.set("lake/a.parquet", await parquetOf("SELECT 1::BIGINT AS x, 2::BIGINT AS y"));
  lab.buckets.objects.set("lake/b.parquet", await parquetOf("SELECT 2::BIGINT AS y, 1::BIGINT AS x"));
  const { errorResult } = (await lab.load({ destinationTable: TABLE })).status;
  assert.match(errorResult.message, /Schema mismatch: gs:\/\/lake\/a\.parquet/);
});

test("decimals need a type with room for them", async () => {
  await using lab = await startKlines();
  const decimal = "1.5::DECIMAL(38,6) AS x";
  assert.equal((await load(lab, decimal)).errorResult.reason, "invalid");
  assert.deepEqual(await load(lab, decimal, { decimalTargetTypes: ["NUMERIC", "BIGNUMERIC"] }), { state: "DONE" });
  const { body } = await lab.ask("GET", "projects/demo/datasets/raw/tables/t");
  assert.equal(body.schema.fields[0].type, "BIGNUMERIC");
});

test("compressions and encodings beyond BigQuery's are refused", async () => {
  await using lab = await startKlines();
  const numbers = "i::BIGINT AS x FROM range(5000) AS r(i)";
  for (const codec of ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"]) {
    assert.deepEqual(await load(lab, numbers, {}, `COMPRESSION ${codec}`), { state: "DONE" }, codec);
  }
  const brotli = (await load(lab, numbers, {}, "COMPRESSION brotli")).errorResult;
  assert.match(brotli.message, /Unsupported compression codec BROTLI/);
  const delta = (await load(lab, numbers, {}, "COMPRESSION zstd, PARQUET_VERSION v2")).errorResult;
  assert.match(delta.message, /Unsupported encoding DELTA_/);
});

test("the contract's columns pass as they are", async () => {
  await using lab = await startKlines();
  const columns =
    "TIMESTAMPTZ '2025-01-01 00:59:59.999+00' AS ts, 'BTCUSDT' AS symbol, 1.5::DOUBLE AS close, 7::BIGINT AS trades";
  lab.buckets.objects.set("lake/a.parquet", await parquetOf(`SELECT ${columns}`));
  assert.deepEqual((await lab.load({ schema: { fields: FIELDS } })).status, { state: "DONE" });
  const [ts] = await lab.column("SELECT ts FROM raw.klines");
  assert.equal(ts, "1.735693199999E9");
});
