import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { type Batch, concat } from "../../src/core/batch.ts";
import { TABLE } from "../../src/market/tables.ts";
import { decode } from "../../src/parquet/decode.ts";
import { encode } from "../../src/parquet/encode.ts";
import { anyBatch, plainBatch, relaid, rowsOf, withColumns } from "./parquet-batches.ts";

const folder = await mkdtemp(join(tmpdir(), "candlelake-parquet-"));
let duckdb: DuckDBConnection;

before(async () => {
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
});

after(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

const round = (batch: Batch): Batch => decode(encode(batch), batch.table, "a file");

/** Rows as the reader of another project sees them; integers and times as numbers. */
async function readByHyparquet(batch: Batch): Promise<Record<string, unknown>[]> {
  const file = new Uint8Array(encode(batch)).buffer;
  const rows = await parquetReadObjects({
    file,
    compressors: { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) },
    parsers: { timestampFromMicroseconds: (micros: bigint) => micros },
  });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
    ),
  );
}

let files = 0;

/** The same through DuckDB, from a file of its own each time: DuckDB keeps what it read of a path for a while. */
async function readByDuckDb(batch: Batch): Promise<Record<string, unknown>[]> {
  const path = join(folder, `${files++}.parquet`);
  await writeFile(path, encode(batch));
  const columns = batch.table.columns.map(({ name, type }) => {
    return type === "TIMESTAMP" ? `epoch_us("${name}") AS "${name}"` : `"${name}"`;
  });
  const reader = await duckdb.runAndReadAll(`SELECT ${columns.join(", ")} FROM read_parquet('${path}')`);
  return reader
    .getRowObjects()
    .map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
      ),
    );
}

test("any rows come back as they were", () => {
  fc.assert(
    fc.property(anyBatch, (batch) => assert.deepEqual(rowsOf(round(batch)), rowsOf(batch))),
    { numRuns: 300 },
  );
});

test("hyparquet reads any rows as they were", async () => {
  await fc.assert(
    fc.asyncProperty(anyBatch, async (batch) => assert.deepEqual(await readByHyparquet(batch), rowsOf(batch))),
    { numRuns: 100 },
  );
});

test("DuckDB reads any rows as they were", async () => {
  await fc.assert(
    fc.asyncProperty(anyBatch, async (batch) => assert.deepEqual(await readByDuckDb(batch), rowsOf(batch))),
    { numRuns: 60 },
  );
});

test("a day of minutes, compressed, comes back from all three readers", async () => {
  const batch = plainBatch(TABLE.futures_metrics, 1440, undefined, 60_000_000);
  const expected = rowsOf(batch);
  assert.deepEqual(rowsOf(round(batch)), expected);
  assert.deepEqual(await readByHyparquet(batch), expected);
  assert.deepEqual(await readByDuckDb(batch), expected);
});

test("doubles keep every bit, the sign of zero and infinities too", () => {
  const values = Float64Array.of(-0, 0, 5e-324, -1.7976931348623157e308, Number.POSITIVE_INFINITY, 0.1, 1 / 3, 2 ** 53);
  const batch = withColumns(plainBatch(TABLE.spot_klines, values.length), { open: { values, valid: null } });
  const back = round(batch).columns[1];
  assert.ok(back && "values" in back);
  assert.deepEqual(new BigUint64Array(back.values.buffer), new BigUint64Array(values.buffer));
});

test("integers are exact up to 2^53 on both sides", async () => {
  const edge = Number.MAX_SAFE_INTEGER;
  const values = Float64Array.of(edge, -edge, 0, -1, 1, 2 ** 32, -(2 ** 32), 2 ** 32 - 1);
  const batch = withColumns(plainBatch(TABLE.spot_klines, values.length), { num_trades: { values, valid: null } });
  const expected = rowsOf(batch);
  assert.deepEqual(rowsOf(round(batch)), expected);
  assert.deepEqual(await readByDuckDb(batch), expected);
});

test("a column in which everything is NULL, and 256 words", async () => {
  const rows = 256;
  const batch = withColumns(plainBatch(TABLE.futures_metrics, rows), {
    funding_rate: { values: new Float64Array(rows).fill(Number.NaN), valid: new Uint8Array(rows) },
    symbol: {
      dictionary: Array.from({ length: rows }, (_, i) => `S${i}`),
      codes: Uint8Array.from({ length: rows }, (_, i) => i),
    },
  });
  const expected = rowsOf(batch);
  assert.deepEqual(rowsOf(round(batch)), expected);
  assert.deepEqual(await readByHyparquet(batch), expected);
  assert.deepEqual(await readByDuckDb(batch), expected);
});

test("many rows are split into row groups", async () => {
  const [ours, theirs] = ["BTCUSDT", "ETHUSDT"].map((word) =>
    withColumns(plainBatch(TABLE.funding_rates, 70_000), { symbol: { dictionary: [word], codes: null } }),
  );
  assert.ok(ours && theirs);
  const batch = concat(TABLE.funding_rates, [ours, theirs, theirs]);
  const back = round(batch);
  assert.deepEqual(back, batch);
  await writeFile(join(folder, "large.parquet"), encode(batch));
  const answer = await duckdb.runAndReadAll(
    `SELECT row_group_id, row_group_num_rows, stats_min_value, stats_max_value FROM parquet_metadata('${folder}/large.parquet')
     WHERE path_in_schema = 'symbol'`,
  );
  assert.deepEqual(answer.getRows(), [
    [0n, 131_072n, "BTCUSDT", "ETHUSDT"],
    [1n, 78_928n, "ETHUSDT", "ETHUSDT"],
  ]);
});

test("the bytes depend on the rows alone", () => {
  fc.assert(fc.property(anyBatch, (batch) => assert.deepEqual(encode(relaid(batch)), encode(batch))));
});

test("the bytes of a small file are the same for ever", () => {
  // A change here is a change of the format: existing lakes would be rewritten. Nothing in this file is compressed.
  const digest = createHash("sha256")
    .update(encode(plainBatch(TABLE.spot_klines, 24)))
    .digest("hex");
  assert.equal(digest, "84b0b79870a6d89354a3be9b50c193cc73ddeb721a59e0fa4d8eca9b95931005");
});

test("what is no value of the column's type is refused", () => {
  const batch = plainBatch(TABLE.spot_klines, 3);
  const cases = [
    ["open", Number.NaN, "nan"],
    ["num_trades", Number.NaN, "nan"],
    ["num_trades", 0.5, "not-whole"],
    ["num_trades", 2 ** 53, "not-whole"],
    ["ts", Number.POSITIVE_INFINITY, "not-whole"],
  ] as const;
  for (const [name, value, code] of cases) {
    const wrong = withColumns(batch, { [name]: { values: Float64Array.of(1, value, 1), valid: null } });
    assert.throws(() => encode(wrong), { name: "DataError", code, message: new RegExp(`spot_klines\\.${name}`) });
    const hidden = withColumns(batch, {
      [name]: { values: Float64Array.of(1, value, 1), valid: Uint8Array.of(1, 0, 1) },
    });
    assert.doesNotThrow(() => encode(hidden));
  }
});
