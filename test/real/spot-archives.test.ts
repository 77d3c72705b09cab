// Monthly archives of spot, over the change of their times from milliseconds to microseconds.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { startTwin } from "../../src/twin/start.ts";
import {
  assertRows,
  candleOf,
  fieldsOf,
  folder,
  isoOf,
  Lake,
  millis,
  monthlySums,
  read,
  real,
  type Status,
  sumsOf,
  tally,
} from "./corpus.ts";

const HOUR = 3_600_000;
const SERIES = ["--symbol", "BTCUSDT", "--interval", "1h", "--venue", "binance"] as const;
const RANGE = ["--from", "2024-11", "--to", "2025-06"] as const;

/** Rows of an exported file by a reader that is not ours. */
async function rowsIn(path: string): Promise<Record<string, unknown>[]> {
  const bytes = new Uint8Array(readFileSync(path)).buffer;
  const rows = await parquetReadObjects({
    file: bytes,
    compressors: { ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)) },
  });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        if (value instanceof Date) return [name, value.toISOString()];
        return [name, typeof value === "bigint" ? Number(value) : value];
      }),
    ),
  );
}

real("seven months of spot hours, exact to the last digit and without a seam", async () => {
  const lines = readdirSync(join(folder, "csv/spot_1h"))
    .sort()
    .flatMap((file) => fieldsOf(read(`csv/spot_1h/${file}`).toString()));
  const opens = lines.map(([time]) => millis(time ?? ""));
  assert.equal(lines.length, 5088);
  assert.deepEqual(
    lines.filter(([time]) => time?.length === 13).length,
    (30 + 31) * 24,
    "two months are in milliseconds, the others in microseconds",
  );
  assert.ok(opens.every((time, i) => time === Date.UTC(2024, 10, 1) + i * HOUR));

  const twin = await startTwin({ replay: folder });
  after(() => twin.close());
  const lake = new Lake(twin.settings);
  const done = await lake.json("ingest", "spot", ...SERIES, ...RANGE);
  assert.deepEqual(tally(done, "fetch", "spot_klines"), { rows: 5088, done: 212 });
  assert.ok(done.steps.every(({ rows, gaps }) => rows === 24 && gaps.length === 0));
  const loaded = await lake.json("load", "spot");
  assert.deepEqual(tally(loaded, "load", "spot_klines"), { rows: 5088, done: 7 });

  const sums = sumsOf(lines);
  assert.deepEqual(await lake.query(monthlySums("spot_klines")), sums.rows);
  // Only amounts of quote above 2^53 of their last places have more digits than a double.
  assert.deepEqual(sums.inexact, { quote_volume: 38, taker_buy_quote_volume: 27 });

  const file = join(lake.cwd, "all.parquet");
  assert.equal((await lake.json<{ rows: number }>("export", "spot_klines", "-o", file, ...SERIES)).rows, 5088);
  const of = { interval: "1h", symbol: "BTCUSDT", venue: "binance", source: "rest" };
  assertRows(
    await rowsIn(file),
    lines.map((fields) => candleOf(fields, of)),
  );

  const { series } = await lake.json<Status>("status");
  assert.deepEqual(
    series.map(({ from, watermark, partitions, gaps, loaded: units }) => [from, watermark, partitions, gaps, units]),
    [[isoOf(opens[0] ?? 0), "2025-06-01T00:00:00.000Z", 212, [], 212]],
  );
  await lake.idle("ingest", "spot", ...SERIES, ...RANGE);
  await lake.idle("load");
  assert.ok(twin.requests.every(({ status }) => status === 200));
});
