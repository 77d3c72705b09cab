import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gap } from "../../src/core/gap.ts";
import { seriesLabel } from "../../src/core/series.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { Lake } from "../../src/pipeline/lake.ts";
import { type SeriesStatus, statusOf } from "../../src/pipeline/status.ts";
import { Lab, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";

const start = Date.UTC(2021, 3, 24);
const at = (day: number, hours = 0) => start + day * DAY + hours * HOUR;
const make = (now = at(4, 7) + MINUTE) => new Lab(new ModelVenue(start - 20 * DAY, now));

async function statuses(lab: Lab): Promise<Map<string, SeriesStatus>> {
  const lake = new Lake(lab.store, false);
  const found = new Map<string, SeriesStatus>();
  for (const table of ["spot_klines", "futures_klines", "funding_rates", "open_interest", "futures_metrics"] as const) {
    for (const shelf of await lake.shelves(table)) {
      found.set(`${table} ${seriesLabel(shelf.series)}`, await statusOf(lake, shelf, []));
    }
  }
  return found;
}

async function spotStatus(lab: Lab): Promise<SeriesStatus> {
  for (const [name, status] of await statuses(lab)) if (name.startsWith("spot_klines")) return status;
  return assert.fail("no spot");
}

test("an empty lake has no series", async () => {
  assert.equal((await statuses(make())).size, 0);
});

test("a series' span, rows and watermark are those of its partitions, the open day up to its last closed candle", async () => {
  const lab = make();
  await lab.run(wish("spot", at(0), undefined));
  const status = await spotStatus(lab);
  assert.deepEqual(
    [status.from, status.to, status.watermark, status.partitions, status.rows, status.gaps],
    [at(0), at(4, 7), at(4, 7), 5, 4 * 24 + 7, []],
  );
});

test("a day that was never asked for is a gap, and ends the unbroken run", async () => {
  const lab = make();
  await lab.run(wish("spot", at(0), at(1)), wish("spot", at(2), at(3)));
  const status = await spotStatus(lab);
  assert.deepEqual(status.gaps, [{ from: at(1), to: at(2), class: "not-fetched", bars: 24 } satisfies Gap]);
  assert.equal(status.watermark, at(1));
  await lab.run(wish("spot", at(1), at(2)));
  assert.deepEqual([(await spotStatus(lab)).gaps, (await spotStatus(lab)).watermark], [[], at(3)]);
});

test("a hole ends the unbroken run, and a known halt does not", async () => {
  const hole = make();
  hole.venue.quirks = { missing: (_, time) => time === at(1, 5) };
  await hole.run(wish("spot", at(0), at(3)));
  assert.equal((await spotStatus(hole)).watermark, at(1, 5));
  const halt = make();
  halt.venue.quirks = { missing: (_, time) => time >= at(1, 4) && time < at(1, 8) };
  await halt.run(wish("spot", at(0), at(3), { venue: "binance" }));
  const status = await spotStatus(halt);
  assert.deepEqual(status.gaps, [{ from: at(1, 4), to: at(1, 8), class: "exchange-halt", bars: 4 }]);
  assert.equal(status.watermark, at(3));
});

test("a derived series lacks what its candles lack, for the same cause; what was not asked for it lacks besides", async () => {
  const lab = make();
  lab.venue.quirks = { missing: ({ kind }, time) => kind === "klines" && time >= at(0, 20) && time < at(2) };
  await lab.run(wish("futures", at(0), at(3)), wish("futures", at(4), at(5)));
  const all = [...(await statuses(lab)).values()];
  const [candles, metrics] = ["futures_klines", "futures_metrics"].map(
    (name) => all.find(({ table }) => table === name) ?? assert.fail(name),
  ) as [SeriesStatus, SeriesStatus];
  assert.deepEqual(candles.gaps, [
    { from: at(0, 20), to: at(2), class: "unknown", bars: 28 },
    { from: at(3), to: at(4), class: "not-fetched", bars: 24 },
  ]);
  assert.deepEqual(metrics.gaps, candles.gaps);
});

test("nor has it what its candles lack at their beginning and at their end", async () => {
  const lab = make();
  lab.venue.quirks = { missing: ({ kind }, time) => kind === "klines" && (time < at(1) || time >= at(2)) };
  await lab.run(wish("futures", at(0), at(4)));
  const all = [...(await statuses(lab)).values()];
  const [candles, metrics] = ["futures_klines", "futures_metrics"].map(
    (name) => all.find(({ table }) => table === name) ?? assert.fail(name),
  ) as [SeriesStatus, SeriesStatus];
  assert.equal(metrics.partitions, 1);
  assert.deepEqual(
    metrics.gaps.map(({ from, to }) => [from, to]),
    [
      [at(0), at(1)],
      [at(2), at(4)],
    ],
  );
  assert.deepEqual(metrics.gaps, candles.gaps);
  assert.equal(metrics.watermark, candles.watermark);
});

test("a gap that goes on over midnight is one", async () => {
  const lab = make();
  lab.venue.quirks = { missing: (_, time) => time >= at(1, 22) && time < at(2, 3) };
  await lab.run(wish("spot", at(0), at(4)));
  assert.deepEqual((await spotStatus(lab)).gaps, [{ from: at(1, 22), to: at(2, 3), class: "unknown", bars: 5 }]);
});

test("what the venue no longer kept when the series began here breaks nothing", async () => {
  const lab = make();
  lab.venue.quirks = { kept: () => at(1, 6) };
  await lab.run(wish("spot", at(0), at(3)));
  const status = await spotStatus(lab);
  assert.deepEqual([status.from, status.watermark], [at(1, 6), at(3)]);
  assert.deepEqual(status.gaps, [{ from: at(0), to: at(1, 6), class: "not-published", bars: 30 }]);
});

test("each of the futures' tables is a series of its own", async () => {
  const lab = make();
  await lab.run(wish("futures", at(0), at(2)));
  const all = await statuses(lab);
  assert.deepEqual(
    [...all].map(([name, status]) => [name, status.rows, status.watermark]),
    [
      ["futures_klines binance BTCUSDT um 1h", 48, at(2)],
      ["funding_rates binance BTCUSDT um funding", 6, at(2)],
      ["open_interest binance BTCUSDT um oi_1h", 48, at(2)],
      ["futures_metrics binance BTCUSDT um 1h", 48, at(2)],
    ],
  );
});

test("weeks and months have no gap on the days between their candles", async () => {
  const lab = make(start + 90 * DAY);
  for (const interval of ["1w", "1M"] as const) await lab.run(wish("spot", at(0), at(80), { interval }));
  for (const status of (await statuses(lab)).values()) assert.deepEqual(status.gaps, []);
});

test("a manifest that cannot be read is named", async () => {
  const lab = make();
  await lab.run(wish("spot", at(0), at(1)));
  const key = [...lab.store.objects.keys()].find((name) => name.startsWith("_manifests/")) ?? assert.fail();
  await lab.store.write(key, new TextEncoder().encode("{"));
  const { damaged, rows } = await spotStatus(lab);
  assert.deepEqual([damaged.map((error) => error.code), rows], [["bad-manifest"], 0]);
});
