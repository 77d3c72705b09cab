import * as assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, temporarySpill } from "../../src/warehouses/duckdb/session.ts";
import { answer } from "../../src/warehouses/duckdb/statement.ts";

/** SQL, the value it has to come back as, and the type's name. */
const VALUES: readonly (readonly [string, unknown, string])[] = [
  ["NULL", null, "INTEGER"],
  ["true", true, "BOOLEAN"],
  ["'a''b'", "a'b", "VARCHAR"],
  ["1::TINYINT", 1, "TINYINT"],
  ["9007199254740991", 9007199254740991, "BIGINT"],
  ["9007199254740993", "9007199254740993", "BIGINT"],
  ["-9007199254740993", "-9007199254740993", "BIGINT"],
  ["18446744073709551615::UBIGINT", "18446744073709551615", "UBIGINT"],
  ["sum(42)", 42, "HUGEINT"],
  ["170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727", "HUGEINT"],
  ["0.1::DOUBLE + 0.2::DOUBLE", 0.30000000000000004, "DOUBLE"],
  ["'nan'::DOUBLE", "NaN", "DOUBLE"],
  ["'inf'::DOUBLE", "Infinity", "DOUBLE"],
  ["'-inf'::FLOAT", "-Infinity", "FLOAT"],
  ["1.50", 1.5, "DECIMAL(3,2)"],
  ["-0.00000001::DECIMAL(18,8)", -1e-8, "DECIMAL(18,8)"],
  ["100::DECIMAL(18,0)", 100, "DECIMAL(18,0)"],
  ["12345678901234567.12345678::DECIMAL(38,8)", "12345678901234567.12345678", "DECIMAL(38,8)"],
  ["TIMESTAMP '2025-01-01 00:59:59.999'", "2025-01-01T00:59:59.999Z", "TIMESTAMP"],
  ["TIMESTAMP '2025-01-01 00:00:00.000001'", "2025-01-01T00:00:00.000001Z", "TIMESTAMP"],
  ["TIMESTAMP '1969-12-31 23:59:59.9999'", "1969-12-31T23:59:59.999900Z", "TIMESTAMP"],
  ["TIMESTAMPTZ '2025-01-01 01:00:00+01'", "2025-01-01T00:00:00.000Z", "TIMESTAMP WITH TIME ZONE"],
  ["TIMESTAMP_S '2025-01-01 00:00:01'", "2025-01-01T00:00:01.000Z", "TIMESTAMP_S"],
  ["TIMESTAMP_MS '2025-01-01 00:00:00.5'", "2025-01-01T00:00:00.500Z", "TIMESTAMP_MS"],
  ["'infinity'::TIMESTAMP", "infinity", "TIMESTAMP"],
  ["DATE '2025-02-28'", "2025-02-28", "DATE"],
  ["TIME '01:02:03'", "01:02:03", "TIME"],
  ["INTERVAL 90 MINUTE", "01:30:00", "INTERVAL"],
  ["'\\x00\\xFF'::BLOB", "00ff", "BLOB"],
  ["[1, NULL, 3]", [1, null, 3], "INTEGER[]"],
  ["[TIMESTAMP '2025-01-01']", ["2025-01-01T00:00:00.000Z"], "TIMESTAMP[]"],
  ["array_value(1, 2)", [1, 2], "INTEGER[2]"],
  ["{'a': 1, 'b': DATE '2025-01-01'}", { a: 1, b: "2025-01-01" }, 'STRUCT("a" INTEGER, "b" DATE)'],
  ["MAP {'k': 1}", [{ key: "k", value: 1 }], "MAP(VARCHAR, INTEGER)"],
  ["'{\"a\": 1}'::JSON", '{"a": 1}', "VARCHAR"],
  ["'2d1a1f0e-0000-4000-8000-000000000001'::UUID", "2d1a1f0e-0000-4000-8000-000000000001", "UUID"],
  ["union_value(n := 5)", 5, 'UNION("n" INTEGER)'],
];

test("values of every type come back in a form that JSON can carry", async () => {
  for (const [sql, value, type] of VALUES) {
    const spill = temporarySpill();
    const session = await openSession({ file: ":memory:", readOnly: false, memoryLimit: "64MB", spill });
    const result = await answer(session, `SELECT ${sql} AS v`);
    assert.deepEqual(result.columns, [{ name: "v", type }], sql);
    for await (const [row] of result.batches) assert.deepEqual(row, [value], sql);
  }
});
