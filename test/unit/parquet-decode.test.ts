import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import type { Batch } from "../../src/core/batch.ts";
import { DataError } from "../../src/core/errors.ts";
import type { Table } from "../../src/core/table.ts";
import { TABLE } from "../../src/market/tables.ts";
import { decode } from "../../src/parquet/decode.ts";
import { encode } from "../../src/parquet/encode.ts";
import { plainBatch, rowsOf, withColumns } from "./parquet-batches.ts";

const WHERE = "spot_klines/interval=1h/a.parquet";

/** The message with which the bytes are refused as a file of the table. */
function refusal(bytes: Uint8Array, table: Table = TABLE.spot_klines): string {
  try {
    decode(bytes, table, WHERE);
  } catch (error) {
    assert.ok(error instanceof DataError, String(error));
    assert.deepEqual([error.code, error.next, error.exitCode], ["bad-parquet", "candlelake status", 3]);
    assert.ok(error.message.startsWith(`${WHERE} is no ${table.name} file of this lake: `), error.message);
    assert.match(error.message, /\.$/);
    return error.message;
  }
  return assert.fail("was not refused");
}

/** Batches whose files have every kind of page: plain and compressed, with and without NULLs, one word and several. */
const samples: readonly Batch[] = [24, 300].map((rows) =>
  withColumns(plainBatch(TABLE.futures_metrics, rows), {
    funding_rate: { values: new Float64Array(rows), valid: Uint8Array.from({ length: rows }, (_, i) => i % 3) },
    symbol: {
      dictionary: ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
      codes: Uint8Array.from({ length: rows }, (_, i) => i % 3),
    },
  }),
);
const files = samples.map(encode);

test("bytes that are no Parquet file", () => {
  assert.match(refusal(new Uint8Array()), /does not begin as Parquet/);
  assert.match(refusal(Buffer.from("<html>Service unavailable</html>")), /does not begin as Parquet/);
  assert.match(refusal(Buffer.from("PAR1PAR1")), /does not begin as Parquet/);
  assert.match(refusal(Buffer.from("PAR1____PAR1")), /footer is cut/);
  assert.match(refusal(new Uint8Array(100_000)), /does not begin as Parquet/);
});

test("a file of which the end is missing, at any length", () => {
  for (const file of files) {
    for (let length = 0; length < file.length; length++) refusal(file.subarray(0, length), TABLE.futures_metrics);
  }
});

test("a file that lies anywhere in memory is read", () => {
  files.forEach((file, i) => {
    for (let offset = 0; offset < 8; offset++) {
      const memory = new Uint8Array(file.length + 16);
      memory.set(file, offset);
      const back = decode(memory.subarray(offset, offset + file.length), TABLE.futures_metrics, WHERE);
      assert.deepEqual(rowsOf(back), rowsOf(samples[i] as Batch));
    }
  });
});

test("damaged bytes are refused or read, and never do anything else", () => {
  const damage = fc.record({
    file: fc.constantFrom(...files),
    // A footer is a third of a file, and the part that says how much there is to read.
    at: fc.array(fc.tuple(fc.boolean(), fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
    cut: fc.option(fc.nat()),
  });
  fc.assert(
    fc.property(damage, ({ file, at, cut }) => {
      const bytes = file.slice(0, cut === null ? file.length : cut % file.length);
      for (const [inFooter, place, value] of at) {
        const from = inFooter ? Math.max(0, bytes.length - 2500) : 0;
        bytes[from + (place % (bytes.length - from))] = value;
      }
      try {
        assert.equal(decode(bytes, TABLE.futures_metrics, WHERE).columns.length, 20);
      } catch (error) {
        assert.ok(error instanceof DataError, String(error));
        assert.equal(error.code, "bad-parquet");
      }
    }),
    { numRuns: 5000 },
  );
});

test("every bit of a footer, turned over", () => {
  const [file] = files;
  assert.ok(file);
  const bytes = file.slice();
  for (let at = file.length - 2500; at < file.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      bytes[at] = (file[at] as number) ^ (1 << bit);
      try {
        decode(bytes, TABLE.futures_metrics, WHERE);
      } catch (error) {
        assert.ok(error instanceof DataError, String(error));
      }
    }
    bytes[at] = file[at] as number;
  }
});

test("a file of another table, or of other columns, is refused by name", () => {
  assert.match(refusal(encode(plainBatch(TABLE.funding_rates, 3))), /it has no column ts/);
  assert.match(
    refusal(encode(plainBatch(TABLE.futures_metrics, 3))),
    /a column "open_interest", which the table has not/,
  );
  const twice: Table = {
    ...TABLE.spot_klines,
    columns: [...TABLE.spot_klines.columns, ...TABLE.spot_klines.columns.slice(0, 1)],
  };
  assert.match(refusal(encode(plainBatch(twice, 3))), /a column twice/);
});

test("columns are found by name, in whatever order", () => {
  const turned: Table = { ...TABLE.spot_klines, columns: TABLE.spot_klines.columns.toReversed() };
  const batch = plainBatch(turned, 30);
  const back = decode(encode(batch), TABLE.spot_klines, WHERE);
  assert.deepEqual(rowsOf(back), rowsOf({ ...batch, table: TABLE.spot_klines, columns: batch.columns.toReversed() }));
});

test("what other writers make of the same rows is refused with its cause", async () => {
  const folder = await mkdtemp(join(tmpdir(), "candlelake-foreign-"));
  const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  const types: Record<string, string> = {
    TIMESTAMP: "TIMESTAMPTZ",
    FLOAT64: "DOUBLE",
    INT64: "BIGINT",
    STRING: "VARCHAR",
  };
  let count = 0;
  const write = async (changed: Record<string, string>, options = "CODEC ZSTD"): Promise<Uint8Array> => {
    const columns = TABLE.spot_klines.columns.map(
      ({ name, type }) => `NULL::${changed[name] ?? types[type]} AS "${name}"`,
    );
    const path = join(folder, `${count++}.parquet`);
    await duckdb.run(`COPY (SELECT ${columns.join(", ")}) TO '${path}' (FORMAT parquet, ${options})`);
    return readFile(path);
  };
  assert.match(refusal(await write({})), /it has a page/);
  assert.match(refusal(await write({}, "CODEC SNAPPY")), /compressed in another way/);
  assert.match(refusal(await write({ ts: "BIGINT" })), /ts is INT64.*, not INT64 TIMESTAMP\(MICROS/);
  assert.match(refusal(await write({ ts: "TIMESTAMP" })), /ts is INT64 TIMESTAMP\(MICROS, isAdjustedToUTC=false\)/);
  assert.match(refusal(await write({ ts: "TIMESTAMP_NS" })), /ts is INT64 TIMESTAMP\(NANOS, isAdjustedToUTC=false\)/);
  assert.match(refusal(await write({ open: "FLOAT" })), /open is FLOAT, not DOUBLE/);
  assert.match(refusal(await write({ open: "VARCHAR" })), /open is BYTE_ARRAY.*, not DOUBLE/);
  assert.match(refusal(await write({ symbol: "BLOB" })), /symbol is BYTE_ARRAY, not BYTE_ARRAY STRING/);
  assert.match(refusal(await write({ open: "DOUBLE[]" })), /open is .*a group/);
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

test("NaN and integers that no double can hold are refused in a file too", () => {
  const values = Float64Array.of(1.5, 2.5, 3.5);
  const file = encode(
    withColumns(plainBatch(TABLE.spot_klines, 3), {
      open: { values, valid: null },
      num_trades: { values: Float64Array.of(1, 2 ** 40, 3), valid: null },
    }),
  );
  const put = (find: Uint8Array, replace: Uint8Array): Uint8Array => {
    const bytes = Buffer.from(file);
    const at = bytes.indexOf(find);
    assert.ok(at > 0);
    bytes.set(replace, at);
    return bytes;
  };
  const bytesOf = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer);
  assert.match(refusal(put(bytesOf(2.5), bytesOf(Number.NaN))), /a value is NaN/);
  const wide = (value: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(value).buffer);
  assert.match(refusal(put(wide(2n ** 40n), wide(2n ** 53n))), /beyond 2\^53/);
});
