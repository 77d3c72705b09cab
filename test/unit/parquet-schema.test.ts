import assert from "node:assert/strict";
import { test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { parquetMetadata, type SchemaElement } from "hyparquet";
import type { ColumnType } from "../../src/core/table.ts";
import { TABLE, TABLES } from "../../src/market/tables.ts";
import { encode } from "../../src/parquet/encode.ts";
import { plainBatch, withColumns } from "./parquet-batches.ts";

const elements: Record<ColumnType, Partial<SchemaElement>> = {
  TIMESTAMP: {
    type: "INT64",
    converted_type: "TIMESTAMP_MICROS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
  },
  FLOAT64: { type: "DOUBLE" },
  INT64: { type: "INT64" },
  STRING: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
};

/** A value without the members that are undefined. */
const defined = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}` : one)));

for (const table of TABLES) {
  const metadata = parquetMetadata(encode(plainBatch(table, 24)));

  test(`${table.name}: every column OPTIONAL and of its type`, () => {
    assert.deepEqual(defined(metadata.schema), [
      { name: "schema", num_children: table.columns.length },
      ...table.columns.map(({ name, type }) => ({ name, repetition_type: "OPTIONAL", ...elements[type] })),
    ]);
    assert.equal(metadata.created_by, "candlelake version 1.0.0 (build 1)");
    assert.equal(metadata.num_rows, 24n);
    assert.equal(metadata.row_groups.length, 1);
  });

  test(`${table.name}: Arrow is told of the columns that folder names carry`, () => {
    const keyed = table.columns.filter((spec) => spec.partitionKey);
    const pairs = metadata.key_value_metadata ?? [];
    assert.deepEqual(
      pairs.map((pair) => pair.key),
      keyed.length > 0 ? ["ARROW:schema"] : [],
    );
    if (keyed.length === 0) return;
    const stream = Buffer.from(pairs[0]?.value ?? "", "base64");
    const { fields } = tableFromIPC(new Uint8Array([...stream, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])).schema;
    const arrow: Record<ColumnType, object> = {
      TIMESTAMP: { typeId: 10, unit: 2, timezone: "UTC" },
      FLOAT64: { typeId: 3, precision: 2 },
      INT64: { typeId: 2, bitWidth: 64, signed: true },
      STRING: { typeId: 5 },
    };
    table.columns.forEach(({ name, type, partitionKey }, c) => {
      const { type: found, ...field } = fields[c] ?? assert.fail(`no field ${name}`);
      assert.deepEqual([field.name, field.nullable], [name, true]);
      const seen = Object.fromEntries(Object.entries(found));
      if (partitionKey) {
        const { indices, dictionary, ordered } = seen;
        assert.deepEqual(
          [seen["typeId"], ordered, indices.bitWidth, indices.signed, dictionary.typeId],
          [-1, false, 32, true, 5],
        );
      } else {
        for (const [member, value] of Object.entries(arrow[type]))
          assert.equal(seen[member], value, `${name}.${member}`);
      }
    });
  });
}

test("columns: pages, encodings, codec and statistics", () => {
  const rows = 1440;
  const halves = Uint8Array.from({ length: rows }, (_, i) => i % 2);
  const batch = withColumns(plainBatch(TABLE.futures_metrics, rows), {
    open: { values: Float64Array.from({ length: rows }, (_, i) => i - 10), valid: null },
    low: { values: Float64Array.from({ length: rows }, (_, i) => i), valid: null },
    high: { values: Float64Array.from({ length: rows }, (_, i) => -i), valid: null },
    num_trades: { values: Float64Array.from({ length: rows }, (_, i) => i - 5), valid: halves },
    funding_rate: { values: new Float64Array(rows), valid: new Uint8Array(rows) },
    symbol: { dictionary: ["𐀀", "\uffff", "A"], codes: Uint8Array.from({ length: rows }, (_, i) => i % 3) },
  });
  const [group] = parquetMetadata(encode(batch)).row_groups;
  const of = (name: string) => {
    const chunk = group?.columns.find((one) => one.meta_data?.path_in_schema[0] === name)?.meta_data;
    return chunk ?? assert.fail(`no chunk ${name}`);
  };
  assert.deepEqual([of("open").codec, of("open").encodings], ["ZSTD", ["RLE", "PLAIN"]]);
  assert.deepEqual([of("symbol").codec, of("symbol").encodings], ["ZSTD", ["RLE", "PLAIN", "RLE_DICTIONARY"]]);
  assert.deepEqual([of("venue").codec, of("venue").num_values], ["UNCOMPRESSED", 1440n]);
  const statistics = (name: string) => defined(of(name).statistics);
  assert.deepEqual(statistics("open"), { null_count: "0", min_value: -10, max_value: 1429 });
  assert.deepEqual(statistics("num_trades"), { null_count: "720", min_value: "-4", max_value: "1434" });
  assert.deepEqual(statistics("funding_rate"), { null_count: "1440" });
  assert.ok(Object.is(of("low").statistics?.min_value, -0), "a smallest zero is -0");
  assert.ok(Object.is(of("high").statistics?.max_value, 0), "a largest zero is +0");
  assert.deepEqual(statistics("symbol"), { null_count: "0", min_value: "A", max_value: "𐀀" });
  assert.deepEqual(of("ts").statistics?.min_value, new Date("2025-01-01T00:59:59.999Z"));
});

test("the sizes in the footer add up to the file's", () => {
  const bytes = encode(plainBatch(TABLE.spot_klines, 1440));
  const { row_groups: groups, metadata_length: footer } = parquetMetadata(bytes);
  let at = 4n;
  for (const chunk of groups[0]?.columns ?? []) {
    const data = chunk.meta_data ?? assert.fail();
    assert.equal(data.dictionary_page_offset ?? data.data_page_offset, at);
    at += data.total_compressed_size;
  }
  assert.equal(Number(at) + footer + 8, bytes.length);
});

test("a batch without rows is a file without row groups", () => {
  const metadata = parquetMetadata(encode(plainBatch(TABLE.spot_klines, 0)));
  assert.deepEqual([metadata.num_rows, metadata.row_groups], [0n, []]);
});
