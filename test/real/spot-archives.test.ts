// Monthly archives of spot, over the change of their times from milliseconds to microseconds.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { startTwin } from "../../src/twin/start.ts";
import { sumOf } from "../fakes/archive-files.ts";
import {
  absent,
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
  type Work,
} from "./corpus.ts";

const HOUR = 3_600_000;
const SERIES = ["--symbol", "BTCUSDT", "--interval", "1h", "--venue", "binance"] as const;
const MONTHS = ["2024-11", "2024-12", "2025-01", "2025-02", "2025-03", "2025-04", "2025-05"];
const STEM = "binance_btcusdt_spot_1h";
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

const lines = absent
  ? []
  : readdirSync(join(folder, "csv/spot_1h"))
      .sort()
      .flatMap((file) => fieldsOf(read(`csv/spot_1h/${file}`).toString()));
const opens = lines.map(([time]) => millis(time ?? ""));
const isMillis = ([time]: readonly string[]) => time?.length === 13;

/** The seven months in a lake and its warehouse, every row compared with the files. */
async function takenIn(lake: Lake, source: string, ...flags: readonly string[]): Promise<Work> {
  const done = await lake.json("ingest", "spot", ...SERIES, ...RANGE, ...flags);
  assert.deepEqual(tally(done, "fetch", "spot_klines"), { rows: 5088, done: 212 });
  assert.ok(done.steps.every((step) => step.rows === 24 && step.gaps.length === 0 && step.source === source));
  const loaded = await lake.json("load", "spot");
  assert.deepEqual(tally(loaded, "load", "spot_klines"), { rows: 5088, done: 7 });

  const sums = sumsOf(lines);
  assert.deepEqual(await lake.query(monthlySums("spot_klines")), sums.rows);
  // Only amounts of quote above 2^53 of their last places have more digits than a double.
  assert.deepEqual(sums.inexact, { quote_volume: 38, taker_buy_quote_volume: 27 });

  const file = join(lake.cwd, "all.parquet");
  assert.equal((await lake.json<{ rows: number }>("export", "spot_klines", "-o", file, ...SERIES)).rows, 5088);
  const of = { interval: "1h", symbol: "BTCUSDT", venue: "binance", source };
  assertRows(
    await rowsIn(file),
    lines.map((fields) => candleOf(fields, of)),
  );

  const { series } = await lake.json<Status>("status");
  assert.deepEqual(
    series.map(({ from, watermark, partitions, gaps, loaded: units }) => [from, watermark, partitions, gaps, units]),
    [[isoOf(opens[0] ?? 0), "2025-06-01T00:00:00.000Z", 212, [], 212]],
  );
  await lake.idle("ingest", "spot", ...SERIES, ...RANGE, ...flags);
  await lake.idle("load");
  return done;
}

const manifests = (lake: Lake) => MONTHS.map((month) => lake.manifest(`spot_klines/${STEM}_${month}.json`));

real("seven months of spot hours, exact to the last digit and without a seam", async () => {
  assert.equal(lines.length, 5088);
  assert.equal(
    lines.filter(isMillis).length,
    (30 + 31) * 24,
    "two months are in milliseconds, the others in microseconds",
  );
  assert.ok(opens.every((time, i) => time === Date.UTC(2024, 10, 1) + i * HOUR));

  const twin = await startTwin({ replay: folder });
  after(() => twin.close());
  const lake = new Lake(twin.settings);
  const { steps } = await takenIn(lake, "archive-monthly");
  assert.ok(steps.every(({ because }) => because === "the month's file is out"));
  const asked = twin.requests.filter(({ path }) => path.endsWith(".zip"));
  assert.deepEqual(
    asked.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)).sort(),
    MONTHS.map((month) => `BTCUSDT-1h-${month}.zip`),
    "each month's file once, and none of days",
  );
  const rest = twin.requests.filter(({ host }) => host === "binance-spot").map(({ path }) => path);
  assert.deepEqual(rest, ["/api/v3/time", "/api/v3/klines", "/api/v3/time"], "the clock, and once where it begins");

  // What each file was, and that every day names the file that it is of.
  for (const [i, manifest] of manifests(lake).entries()) {
    const [month, name] = [MONTHS[i] ?? "", `BTCUSDT-1h-${MONTHS[i]}.zip`];
    const zip = twin.handle(`/binance-archive/data/spot/monthly/klines/BTCUSDT/1h/${name}`).body;
    const unit = month < "2025-01" ? "ms" : "us";
    assert.deepEqual(manifest.archives, { [name]: { sha256: sumOf(zip), unit, header: false } });
    for (const [day, entry] of Object.entries(manifest.partitions)) {
      assert.deepEqual([day.slice(0, 7), entry.archives, entry.source], [month, [name], "archive-monthly"]);
    }
  }
  const seam = "open_time BETWEEN '2024-12-31 22:00:00+00' AND '2025-01-01 01:00:00+00'";
  const around = await lake.query(`SELECT open_time, ts FROM spot_klines WHERE ${seam} ORDER BY open_time`);
  assert.deepEqual(
    around,
    [22, 23, 24, 25].map((hour) => ({
      open_time: isoOf(Date.UTC(2024, 11, 31) + hour * HOUR),
      ts: isoOf(Date.UTC(2024, 11, 31) + (hour + 1) * HOUR - 1),
    })),
  );
  assert.ok(twin.requests.every(({ status }) => status === 200));
});

real("the same months over REST: the same rows, and the same content in the manifests", async () => {
  const twin = await startTwin({ replay: folder });
  after(() => twin.close());
  const [rest, archive] = [new Lake(twin.settings), new Lake(twin.settings)];
  const { steps } = await takenIn(rest, "rest", "--source", "rest");
  assert.ok(steps.every(({ because }) => because === "REST alone is asked"));
  assert.deepEqual([...new Set(twin.requests.map(({ host }) => host))], ["binance-spot"]);
  assert.ok(twin.requests.every(({ status }) => status === 200));

  await archive.json("ingest", "spot", ...SERIES, ...RANGE, "--source", "archive");
  const contents = (lake: Lake) =>
    manifests(lake).map(({ partitions }) => Object.entries(partitions).map(([day, { content }]) => [day, content]));
  assert.deepEqual(contents(archive), contents(rest));
});
