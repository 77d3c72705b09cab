import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { type Batch, slice } from "../../src/core/batch.ts";
import { TABLE } from "../../src/market/tables.ts";
import { contentHash } from "../../src/parquet/content.ts";
import { decode } from "../../src/parquet/decode.ts";
import { encode } from "../../src/parquet/encode.ts";
import { anyBatch, plainBatch, relaid, rowsOf, withColumns } from "./parquet-batches.ts";

/** The hash as the documentation of `contentHash` tells it, from rows in place of columns. */
function told(batch: Batch): string {
  const rows = rowsOf(batch);
  const columns = batch.table.columns.filter(({ name }) => name !== "source");
  const parts: Uint8Array[] = [
    Buffer.from(`candlelake rows 1\n${rows.length}\n${columns.map(({ name, type }) => `${name} ${type}\n`).join("")}`),
  ];
  for (const { name, type } of columns) {
    const values = rows.map((row) => row[name]);
    if (type === "STRING") {
      const words = [...new Set(values)];
      parts.push(Buffer.from(`${JSON.stringify(words)}\n`));
      if (words.length > 1) parts.push(Uint8Array.from(values, (value) => words.indexOf(value)));
      continue;
    }
    const some = values.includes(null);
    parts.push(Uint8Array.of(some ? 1 : 0));
    if (some) parts.push(Uint8Array.from(values, (value) => (value === null ? 0 : 1)));
    const doubles = Float64Array.from(values, (value) => (value === null || value === 0 ? 0 : Number(value)));
    parts.push(new Uint8Array(doubles.buffer));
  }
  return createHash("sha256").update(Buffer.concat(parts)).digest("hex");
}

test("the hash is the one that its documentation tells", () => {
  fc.assert(
    fc.property(anyBatch, (batch) => assert.equal(contentHash(batch), told(batch))),
    { numRuns: 300 },
  );
});

test("it depends on the rows alone, not on how a batch lays them out", () => {
  fc.assert(fc.property(anyBatch, (batch) => assert.equal(contentHash(relaid(batch)), contentHash(batch))));
});

test("a file's rows have the hash of the batch that was written", () => {
  fc.assert(
    fc.property(anyBatch, (batch) =>
      assert.equal(contentHash(decode(encode(batch), batch.table, "a file")), contentHash(batch)),
    ),
  );
});

test("the first rows of a batch have the hash of a batch of them", () => {
  fc.assert(
    fc.property(anyBatch, fc.nat({ max: 70 }), (batch, count) => {
      const rows = Math.min(count, batch.rows);
      assert.equal(contentHash(batch, rows), contentHash(slice(batch, 0, rows)));
    }),
  );
});

test("it is the same for ever", () => {
  // A change here makes every lake look changed: it needs a new tag and a new version of the format.
  assert.equal(
    contentHash(plainBatch(TABLE.spot_klines, 24)),
    "d7dd70a7a398a90ab1d5acd2935041c0090aa53a58ceff3beb8ad40b6fcb0725",
  );
});

test("where rows came from does not count, everything else does", () => {
  const batch = plainBatch(TABLE.futures_metrics, 3);
  const numbers = (...values: number[]) => ({ values: Float64Array.from(values), valid: null });
  const elsewhere = withColumns(batch, {
    source: { dictionary: ["archive-daily", "rest"], codes: Uint8Array.of(0, 1, 0) },
  });
  assert.equal(contentHash(elsewhere), contentHash(batch));
  const others = [
    batch,
    withColumns(batch, { open: numbers(1, 2, 3) }),
    withColumns(batch, { open: numbers(1, 3, 2) }),
    withColumns(batch, { close: numbers(1, 2, 3) }),
    withColumns(batch, { open: { values: Float64Array.of(1, 2, 0), valid: Uint8Array.of(1, 1, 0) } }),
    withColumns(batch, { open: numbers(1, 2, 0) }),
    withColumns(batch, { symbol: { dictionary: ["ETHUSDT"], codes: null } }),
    withColumns(batch, { symbol: { dictionary: ["BTCUSDT", "ETHUSDT"], codes: Uint8Array.of(0, 0, 1) } }),
    withColumns(batch, { symbol: { dictionary: ["BTCUSDT", "ETHUSDT"], codes: Uint8Array.of(0, 1, 0) } }),
    withColumns(batch, { venue: { dictionary: ["binance-us"], codes: null } }),
    slice(batch, 0, 2),
    plainBatch(TABLE.futures_klines, 3),
  ].map((one) => contentHash(one));
  assert.equal(new Set(others).size, others.length);
  for (const hash of others) assert.match(hash, /^[0-9a-f]{64}$/);
});
