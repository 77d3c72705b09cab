import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Batch, concat, constant, numbers, rowAt, slice, take, text } from "../../src/core/batch.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { anyBatch, plainBatch } from "./parquet-batches.ts";

const rows = (batch: Batch): Record<string, unknown>[] => Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i));
const cutsOf = (batch: Batch, parts: readonly number[]): number[] => [
  0,
  ...parts.map((part) => Math.floor(part * batch.rows)).sort((a, b) => a - b),
  batch.rows,
];
const fractions = fc.array(
  fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
  { maxLength: 5 },
);

test("a batch cut anywhere and joined again has the same rows", () => {
  fc.assert(
    fc.property(anyBatch, fractions, (batch, parts) => {
      const cuts = cutsOf(batch, parts);
      const slices = cuts.slice(1).map((to, i) => slice(batch, cuts[i] as number, to));
      assert.equal(
        slices.reduce((sum, part) => sum + part.rows, 0),
        batch.rows,
      );
      assert.deepEqual(rows(concat(batch.table, slices)), rows(batch));
    }),
  );
});

test("joining is the same whichever neighbours are joined first", () => {
  fc.assert(
    fc.property(anyBatch, fractions, (batch, parts) => {
      const cuts = cutsOf(batch, parts);
      const slices = cuts.slice(1).map((to, i) => slice(batch, cuts[i] as number, to));
      const [head, ...rest] = slices as [Batch, ...Batch[]];
      const left = rest.reduce((joined, part) => concat(batch.table, [joined, part]), head);
      assert.deepEqual(rows(left), rows(concat(batch.table, slices)));
    }),
  );
});

test("a slice has the rows between its ends", () => {
  fc.assert(
    fc.property(anyBatch, fc.nat(), fc.nat(), (batch, a, b) => {
      const [from, to] = [a % (batch.rows + 1), b % (batch.rows + 1)].sort((x, y) => x - y) as [number, number];
      assert.deepEqual(rows(slice(batch, from, to)), rows(batch).slice(from, to));
    }),
  );
});

test("taking rows gives those rows in that order, repeated where they are named twice", () => {
  const withIndices = anyBatch.chain((batch) =>
    fc.tuple(
      fc.constant(batch),
      batch.rows === 0 ? fc.constant([]) : fc.array(fc.nat({ max: batch.rows - 1 }), { maxLength: 30 }),
    ),
  );
  fc.assert(
    fc.property(withIndices, ([batch, indices]) => {
      assert.deepEqual(
        rows(take(batch, indices)),
        indices.map((index) => rowAt(batch, index)),
      );
    }),
  );
});

test("rows that were taken are a copy, and those of a slice a view", () => {
  const batch = plainBatch(SPOT_KLINES, 3);
  const [taken, sliced] = [take(batch, [1]), slice(batch, 1, 2)];
  const before = numbers(batch, "close").values[1] as number;
  numbers(batch, "close").values[1] = before + 1;
  assert.equal(numbers(taken, "close").values[0], before);
  assert.equal(numbers(sliced, "close").values[0], before + 1);
});

test("nothing joined is an empty batch of the table", () => {
  const empty = concat(SPOT_KLINES, []);
  const two = plainBatch(SPOT_KLINES, 2);
  assert.equal(empty.rows, 0);
  assert.equal(empty.columns.length, SPOT_KLINES.columns.length);
  assert.deepEqual(rows(concat(SPOT_KLINES, [empty, two, empty])), rows(two));
});

test("words of several batches go into one dictionary", () => {
  const batch = plainBatch(SPOT_KLINES, 1);
  const source = SPOT_KLINES.columns.findIndex((spec) => spec.name === "source");
  const from = (word: string): Batch => ({ ...batch, columns: batch.columns.with(source, constant(word)) });
  const joined = concat(SPOT_KLINES, [from("rest"), from("archive-daily"), from("rest")]);
  assert.deepEqual(text(joined, "source").dictionary, ["rest", "archive-daily"]);
  assert.deepEqual(
    rows(joined).map((row) => row["source"]),
    ["rest", "archive-daily", "rest"],
  );
});

test("a column is asked for by its own name and kind", () => {
  const batch = plainBatch(SPOT_KLINES, 1);
  assert.throws(() => numbers(batch, "symbol"), /holds no numbers/);
  assert.throws(() => text(batch, "close"), /holds no text/);
  assert.throws(() => numbers(batch, "closed"), /has no column closed/);
});
