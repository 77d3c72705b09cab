import assert from "node:assert/strict";
import { test } from "node:test";
import { valueFrom } from "../../src/warehouses/bigquery/values.ts";

const of = (type: string, value: unknown, more: object = {}) => valueFrom({ name: "x", type, ...more }, value);

test("numbers are numbers where one tells them apart", () => {
  assert.equal(of("INTEGER", "42"), 42);
  assert.equal(of("INT64", "9007199254740993"), "9007199254740993");
  assert.equal(of("INTEGER", "-9007199254740991"), -9_007_199_254_740_991);
  assert.equal(of("FLOAT", "5e-324"), 5e-324);
  assert.deepEqual(
    ["NaN", "Infinity", "-Infinity"].map((text) => of("FLOAT64", text)),
    ["NaN", "Infinity", "-Infinity"],
  );
  assert.equal(of("NUMERIC", "0.10"), "0.10");
});

test("times are ISO 8601, with microseconds where there are any", () => {
  assert.equal(of("TIMESTAMP", "1735689600000000"), "2025-01-01T00:00:00.000Z");
  assert.equal(of("TIMESTAMP", "1735689600000007"), "2025-01-01T00:00:00.000007Z");
  assert.equal(of("DATE", "2025-01-01"), "2025-01-01");
});

test("the other kinds", () => {
  assert.equal(of("STRING", null), null);
  assert.equal(of("BOOLEAN", "true"), true);
  assert.equal(of("BOOL", "false"), false);
  assert.equal(of("BYTES", "3q2+7w=="), "deadbeef");
  assert.deepEqual(of("JSON", '{"a":[1]}'), { a: [1] });
});

test("arrays and structs, within each other", () => {
  assert.deepEqual(of("INTEGER", [{ v: "1" }, { v: "2" }], { mode: "REPEATED" }), [1, 2]);
  assert.deepEqual(of("STRING", null, { mode: "REPEATED" }), []);
  const fields = [
    { name: "at", type: "TIMESTAMP" },
    { name: "of", type: "STRING", mode: "REPEATED" },
  ];
  assert.deepEqual(of("RECORD", [{ v: { f: [{ v: "0" }, { v: [{ v: "a" }] }] } }], { fields, mode: "REPEATED" }), [
    { at: "1970-01-01T00:00:00.000Z", of: ["a"] },
  ]);
});
