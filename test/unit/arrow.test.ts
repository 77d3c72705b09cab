import assert from "node:assert/strict";
import { test } from "node:test";
import { type Table as Arrow, tableFromIPC } from "@uwdata/flechette";
import fc from "fast-check";
import { arrowFile } from "../../src/arrow/file.ts";
import { FlatBuffer } from "../../src/arrow/flatbuffer.ts";
import { type Batch, concat } from "../../src/core/batch.ts";
import type { Table } from "../../src/core/table.ts";
import { TABLE } from "../../src/market/tables.ts";
import { anyBatch, plainBatch, rowsOf } from "./parquet-batches.ts";

async function chunks(table: Table, batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of arrowFile(table, batches)) parts.push(part);
  return parts;
}

async function read(table: Table, batches: readonly Batch[]): Promise<Arrow> {
  return tableFromIPC(new Uint8Array(Buffer.concat(await chunks(table, batches))), { useBigInt: true });
}

/** Rows with numbers in place of 64-bit integers. */
function rowsRead(arrow: Arrow): Record<string, unknown>[] {
  return arrow
    .toArray()
    .map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
      ),
    );
}

/** The table with times as plain integers, which flechette gives without rounding to milliseconds. */
const untimed = (batch: Batch): Batch => ({
  ...batch,
  table: {
    ...batch.table,
    columns: batch.table.columns.map((spec) => (spec.type === "TIMESTAMP" ? { ...spec, type: "INT64" } : spec)),
  },
});

test("any rows are read as they were written", async () => {
  await fc.assert(
    fc.asyncProperty(anyBatch, async (any) => {
      const batch = untimed(any);
      assert.deepEqual(rowsRead(await read(batch.table, [batch])), rowsOf(batch));
    }),
  );
});

test("the fields are those of the table, all nullable", async () => {
  const { schema } = await read(TABLE.spot_klines, []);
  assert.deepEqual(
    schema.fields.map(({ name, nullable, type }) => [name, nullable, type.typeId]),
    TABLE.spot_klines.columns.map(({ name, type }) => [
      name,
      true,
      { TIMESTAMP: 10, FLOAT64: 3, INT64: 2, STRING: 5 }[type],
    ]),
  );
  const { type } = schema.fields[0] ?? assert.fail();
  assert.deepEqual({ ...type }, { ...type, unit: 2, timezone: "UTC" });
});

test("small batches are joined, and none is held longer than it takes to fill a record batch", async () => {
  let pulled = 0;
  async function* days(): AsyncGenerator<Batch> {
    for (; pulled < 200; pulled++) yield plainBatch(TABLE.spot_klines, pulled % 2 ? 1440 : 0);
  }
  const pulledAt: number[] = [];
  const parts: Uint8Array[] = [];
  for await (const part of arrowFile(TABLE.spot_klines, days())) {
    parts.push(part);
    pulledAt.push(pulled);
  }
  // Magic and schema before anything is asked for; a record batch after 46 days of minutes and one after 92.
  assert.deepEqual(pulledAt.slice(0, 4), [0, 0, 91, 183]);
  const arrow = tableFromIPC(new Uint8Array(Buffer.concat(parts)));
  assert.equal(arrow.numRows, 100 * 1440);
  const one = plainBatch(TABLE.spot_klines, 1440);
  const expected = concat(
    TABLE.spot_klines,
    Array.from({ length: 100 }, () => one),
  );
  assert.deepEqual([...arrow.getChild("close")], [...(expected.columns[4] as { values: Float64Array }).values]);
  assert.deepEqual(new Set(arrow.getChild("symbol")), new Set(["BTCUSDT"]));
});

test("the pieces lie on multiples of eight bytes, and the footer tells where", async () => {
  const parts = await chunks(TABLE.spot_klines, [
    plainBatch(TABLE.spot_klines, 70_000),
    plainBatch(TABLE.spot_klines, 3),
  ]);
  const footer = parts.at(-1) ?? assert.fail();
  for (const part of parts.slice(0, -1)) assert.equal(part.length % 8, 0);
  assert.equal(Buffer.from(footer.slice(-6)).toString(), "ARROW1");
  assert.equal(new DataView(footer.buffer).getInt32(footer.length - 10, true), footer.length - 10);
  assert.equal(parts.length, 6);
});

test("a FlatBuffer grows, shares vtables and keeps earlier places", () => {
  const to = new FlatBuffer();
  const names = Array.from({ length: 300 }, (_, i) => to.string(`name ${i}`));
  const tables = names.map((name, i) =>
    to.table([
      [0, "offset", name],
      [2, "i64", 2 ** 40 + i],
      [3, "u8", i % 256],
    ]),
  );
  const bytes = to.finish(to.table([[0, "offset", to.offsets(tables)]]));
  const view = new DataView(bytes.buffer);
  const follow = (at: number): number => at + view.getUint32(at, true);
  const field = (table: number, slot: number): number =>
    table + view.getUint16(table - view.getInt32(table, true) + 4 + 2 * slot, true);
  const list = follow(field(follow(0), 0));
  assert.equal(view.getUint32(list, true), 300);
  const vtables = new Set<number>();
  for (let i = 0; i < 300; i++) {
    const table = follow(list + 4 + 4 * i);
    vtables.add(table - view.getInt32(table, true));
    const text = follow(field(table, 0));
    assert.equal(Buffer.from(bytes.subarray(text + 4, text + 4 + view.getUint32(text, true))).toString(), `name ${i}`);
    assert.equal(field(table, 2) % 8, 0);
    assert.equal(view.getBigInt64(field(table, 2), true), 2n ** 40n + BigInt(i));
    assert.equal(view.getUint8(field(table, 3)), i % 256);
  }
  assert.equal(vtables.size, 1);
  assert.equal(bytes.length % 8, 0);
});
