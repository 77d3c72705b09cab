// A day's partition to Parquet and back: our encoder, DuckDB's COPY of the same rows from memory, our decoder, the hash.
//   node bench/encode.ts
// The sides take turns, so that a slow spell of the machine hits both; both write a file into the same folder.
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Batch } from "../src/core/batch.ts";
import type { Interval } from "../src/core/interval.ts";
import { dayRange } from "../src/core/time.ts";
import { contentHash } from "../src/parquet/content.ts";
import { decode } from "../src/parquet/decode.ts";
import { encode } from "../src/parquet/encode.ts";
import { rowsOf } from "../src/sources/synthetic/rows.ts";
import { instrument } from "../src/sources/synthetic/symbols.ts";
import { median, scratch } from "./process.ts";

const ROUNDS = 25;
/** Calls of one measurement: DuckDB's take milliseconds, ours fractions of one. */
const CALLS = 20;

function day(step: Interval): Batch {
  const of = instrument("spot", "BTCUSDT");
  if (!of) throw new TypeError("the made market has no BTCUSDT");
  const range = dayRange("2024-03-05");
  return rowsOf(of, { kind: "klines", venue: "synthetic", market: "spot", symbol: "BTCUSDT", step }, range, range.to)
    .batch;
}

const folder = scratch();
const duckdb = await (await DuckDBInstance.create(":memory:")).connect();

for (const step of ["1h", "1m"] as const) {
  const batch = day(step);
  const bytes = encode(batch);
  const [ours, theirs] = [join(folder, `${step}.parquet`), join(folder, `${step}-duckdb.parquet`)];
  writeFileSync(ours, bytes);
  await duckdb.run(`CREATE OR REPLACE TABLE day AS FROM read_parquet('${ours}')`);
  const sides: Record<string, () => unknown> = {
    "encode and write": () => writeFileSync(ours, encode(batch)),
    "DuckDB COPY": () => duckdb.run(`COPY day TO '${theirs}' (FORMAT parquet, CODEC zstd)`),
    encode: () => encode(batch),
    decode: () => decode(bytes, batch.table, ours),
    "content hash": () => contentHash(batch),
  };
  const walls = new Map(Object.keys(sides).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(sides)) {
      const began = performance.now();
      for (let call = 0; call < CALLS; call++) await run();
      walls.get(name)?.push((performance.now() - began) / CALLS);
    }
  }
  for (const [name, values] of walls) {
    const wall = median(values);
    const rate = Math.round((batch.rows / wall) * 1000).toLocaleString("en");
    console.log(`${batch.rows} rows, ${name}: ${wall.toFixed(3)} ms, ${rate} rows/s`);
  }
  for (const [name, file] of [
    ["ours", ours],
    ["DuckDB's", theirs],
  ] as const) {
    const { size } = statSync(file);
    console.log(`${batch.rows} rows, ${name}: ${size} bytes, ${(size / batch.rows).toFixed(1)} a row`);
  }
}
duckdb.closeSync();
