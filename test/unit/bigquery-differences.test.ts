import assert from "node:assert/strict";
import { test } from "node:test";
import { differencesOf } from "../../src/warehouses/bigquery/differences.ts";
import { fieldsOf, partitionOf } from "../../src/warehouses/bigquery/tables.ts";
import type { TableResource } from "../../src/warehouses/bigquery/wire.ts";
import { layoutOf } from "../../src/warehouses/bigquery-sql.ts";

const layout = layoutOf("funding_rates");
const reference = { projectId: "p", datasetId: "d", tableId: "funding_rates" };
const fields = fieldsOf(layout);
const ours: TableResource = { tableReference: reference, type: "TABLE", schema: { fields }, ...partitionOf(layout) };

const found = (over: Partial<TableResource>) => differencesOf(layout, { ...ours, ...over });
const withFields = (change: (field: (typeof fields)[number]) => (typeof fields)[number] | []) =>
  found({ schema: { fields: fields.flatMap(change) } });

test("ours is ours, under the older names of types too", () => {
  assert.deepEqual(found({}), []);
  const older: Record<string, string> = { FLOAT64: "FLOAT", INT64: "INTEGER" };
  assert.deepEqual(
    withFields((field) => ({ ...field, type: older[field.type] ?? field.type })),
    [],
  );
});

test("columns: missing, of another type, required, strangers, another order", () => {
  assert.deepEqual(
    withFields((field) => (field.name === "symbol" ? [] : field)),
    ["it has no column symbol"],
  );
  assert.deepEqual(
    withFields((field) => (field.name === "funding_rate" ? { ...field, type: "STRING" } : field)),
    ["column funding_rate is STRING and should be FLOAT64"],
  );
  assert.deepEqual(
    withFields((field) => (field.name === "venue" ? { ...field, mode: "REQUIRED" } : field)),
    ["column venue is REQUIRED and should be NULLABLE"],
  );
  assert.deepEqual(found({ schema: { fields: [...fields, { name: "mine", type: "DATE" }] } }), [
    "it has columns of its own: mine",
  ]);
  assert.deepEqual(found({ schema: { fields: fields.toReversed() } }), [
    "column funding_time is not where it should be",
  ]);
});

test("partitions and clustering", () => {
  const { timePartitioning, clustering, ...bare } = ours;
  assert.ok(timePartitioning && clustering);
  assert.deepEqual(differencesOf(layout, bare), [
    "it is not partitioned and should be partitioned by month of funding_time",
    "it is not clustered and should be clustered by symbol",
  ]);
  assert.deepEqual(found({ timePartitioning: { type: "DAY", field: "funding_time" } }), [
    "it is partitioned by day of funding_time and should be partitioned by month of funding_time",
  ]);
  assert.deepEqual(found({ timePartitioning: { type: "MONTH" } }), [
    "it is partitioned by month of its ingestion and should be partitioned by month of funding_time",
  ]);
  assert.deepEqual(found({ clustering: { fields: ["venue", "symbol"] } }), [
    "it is clustered by venue, symbol and should be clustered by symbol",
  ]);
});

test("a view is no table", () => {
  assert.deepEqual(found({ type: "MATERIALIZED_VIEW" }), ["it is a materialized view"]);
});
