import fc from "fast-check";
import { type Batch, type Column, rowAt } from "../../src/core/batch.ts";
import type { ColumnSpec, Table } from "../../src/core/table.ts";
import { TABLES } from "../../src/market/tables.ts";

const MICROS_PER_HOUR = 3_600_000_000;
/** 2025-01-01. */
const START = 1_735_689_600_000_000;

const WORDS: Record<string, string> = {
  interval: "1h",
  period: "5m",
  symbol: "BTCUSDT",
  venue: "binance",
  source: "rest",
};

/** Plausible rows, an hour apart: every column has a value, and values differ by row and column. */
export function plainBatch(table: Table, rows: number, start = START, step = MICROS_PER_HOUR): Batch {
  const columns = table.columns.map((spec, c): Column => {
    if (spec.type === "STRING") return { dictionary: [WORDS[spec.name] ?? spec.name], codes: null };
    const valueAt = (i: number): number => {
      if (spec.type === "TIMESTAMP") return start + i * step + (spec.name === "ts" ? step - 1000 : 0);
      return spec.type === "INT64" ? c * 1000 + i : 90_000 + c + Math.round(Math.sin(i + c) * 1e6) / 100;
    };
    return { values: Float64Array.from({ length: rows }, (_, i) => valueAt(i)), valid: null };
  });
  return { table, rows, columns };
}

/** The batch with some columns replaced. */
export function withColumns(batch: Batch, columns: Readonly<Record<string, Column>>): Batch {
  return {
    ...batch,
    columns: batch.table.columns.map((spec, c) => columns[spec.name] ?? (batch.columns[c] as Column)),
  };
}

/** The rows as objects, in which an integer's sign of zero is gone, as it is in a file. */
export function rowsOf(batch: Batch): Record<string, number | string | null>[] {
  const whole = batch.table.columns.filter((spec) => spec.type === "INT64" || spec.type === "TIMESTAMP");
  return Array.from({ length: batch.rows }, (_, i) => {
    const row = rowAt(batch, i);
    for (const { name } of whole) if (row[name] === 0) row[name] = 0;
    return row;
  });
}

function anyNumbers(spec: ColumnSpec, rows: number): fc.Arbitrary<Column> {
  const size = { minLength: rows, maxLength: rows };
  const value = spec.type === "FLOAT64" ? fc.double({ noNaN: true }) : fc.maxSafeInteger();
  const level = fc.constantFrom(0, 1);
  return fc
    .record({
      values: fc.array(value, size),
      valid: fc.option(
        fc.oneof(
          fc.array(level, size),
          level.map((one) => new Array<number>(rows).fill(one)),
        ),
      ),
    })
    .map(({ values, valid }) => ({
      // What lies under a NULL is nobody's business, not even when it is NaN.
      values: Float64Array.from(values, (one, i) => (valid && valid[i] === 0 && i % 2 ? Number.NaN : one)),
      valid: valid && Uint8Array.from(valid),
    }));
}

function anyText(rows: number): fc.Arbitrary<Column> {
  const word = fc.oneof(fc.constantFrom("", "BTCUSDT", "1m"), fc.string({ unit: "binary", maxLength: 8 }));
  return fc
    .array(word, { minLength: 1, maxLength: 20 })
    .chain((dictionary) =>
      fc
        .option(fc.array(fc.nat({ max: dictionary.length - 1 }), { minLength: rows, maxLength: rows }))
        .map((codes) => ({ dictionary, codes: codes && Uint8Array.from(codes) })),
    );
}

/** Any rows that a batch can hold, of any table. */
export const anyBatch: fc.Arbitrary<Batch> = fc
  .record({
    table: fc.constantFrom(...TABLES),
    rows: fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(0, 1, 7, 8, 9, 64)),
  })
  .chain(({ table, rows }) =>
    fc
      .tuple(...table.columns.map((spec) => (spec.type === "STRING" ? anyText(rows) : anyNumbers(spec, rows))))
      .map((columns) => ({ table, rows, columns })),
  );

/** The same rows in another layout: dictionaries turned round and with words that no row uses, validity spelled out. */
export function relaid(batch: Batch): Batch {
  const columns = batch.columns.map((column): Column => {
    if ("dictionary" in column) {
      const { dictionary, codes } = column;
      const turned = ["no row has this", ...dictionary.slice(0, 100)].reverse();
      const last = turned.length - 2;
      return { dictionary: turned, codes: Uint8Array.from({ length: batch.rows }, (_, i) => last - (codes?.[i] ?? 0)) };
    }
    const valid = column.valid ?? new Uint8Array(batch.rows).fill(1);
    return {
      values: column.values.map((value, i) => (valid[i] ? value : 123.5)),
      valid: valid.map((one) => one * 255),
    };
  });
  return { ...batch, columns };
}
