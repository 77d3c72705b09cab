// A body of api.binance.us as it came, its last candle still open: from the replay into lake and warehouse.
import assert from "node:assert/strict";
import { after } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import {
  assertRows,
  candleOf,
  folder,
  isoOf,
  Lake,
  monthlySums,
  read,
  real,
  type Status,
  sumsOf,
  tally,
} from "./corpus.ts";

const HOUR = 3_600_000;
const INGEST = ["ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", "--from", "2025-12-07"] as const;

real("a captured body: 199 closed candles are stored, and the open one is not", async () => {
  const body: (string | number)[][] = JSON.parse(
    read("json/binance_us/klines_BTCUSDT_1h_limit200_2025-12-07_2025-12-15.json").toString(),
  );
  const rows = body.map((row) => row.map(String));
  const [closed, open] = [rows.slice(0, -1), rows.at(-1) ?? assert.fail()];
  const opens = rows.map(([time]) => Number(time));
  assert.equal(closed.length, 199);
  assert.ok(opens.every((time, i) => i === 0 || time - (opens[i - 1] ?? 0) === HOUR));
  const [first, end] = [opens[0] ?? assert.fail(), Number(open[0])];

  const twin = await startTwin({ replay: folder });
  after(() => twin.close());
  const lake = new Lake(twin.settings);
  const done = await lake.json(...INGEST);
  assert.deepEqual(tally(done, "fetch", "spot_klines"), { rows: 199, done: 9 });
  assert.ok(done.steps.every(({ gaps }) => gaps.length === 0));

  const loaded = await lake.json("load");
  assert.deepEqual(tally(loaded, "load", "spot_klines"), { rows: 199, done: 1 });
  const of = { interval: "1h", symbol: "BTCUSDT", venue: "binance-us", source: "rest" };
  assertRows(
    await lake.query("SELECT * FROM spot_klines ORDER BY open_time"),
    closed.map((fields) => candleOf(fields, of)),
  );
  const sums = sumsOf(closed);
  assert.deepEqual(sums.inexact, {});
  assert.deepEqual(await lake.query(monthlySums("spot_klines")), sums.rows);

  const { series } = await lake.json<Status>("status");
  assert.deepEqual(
    series.map(({ from, watermark, rows: count, gaps, loaded: units }) => [from, watermark, count, gaps, units]),
    [[isoOf(first), isoOf(end), 199, [], 9]],
  );

  // The recording never tells how the last candle ended: as long as the clock stands within it there is nothing new.
  await lake.idle(...INGEST);
  twin.setNow(Number(open[6]));
  await lake.idle(...INGEST);
  await lake.idle("load");

  // Once it has closed, what was captured of it is nobody's candle: it stays a gap.
  twin.setNow(Number(open[6]) + HOUR);
  const later = await lake.json(...INGEST);
  assert.deepEqual(
    later.steps.filter(({ day }) => day === "2025-12-15").map(({ status, gaps }) => [status, gaps]),
    [["unchanged", [{ from: isoOf(end), to: isoOf(end + HOUR), class: "unknown", bars: 1 }]]],
  );
  await lake.idle("load");
});
