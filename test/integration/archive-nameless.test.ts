// Lines of bulk files whose time cannot be made out, over the whole chain: set aside, and no file is refused for one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { SPOT, UM } from "../fakes/archive-files.ts";
import { at, gapsByDay, place, twin } from "../fakes/archive-scene.ts";
import { changed } from "../fakes/changed-file.ts";
import { wish } from "../fakes/lab.ts";
import { type Instead, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const venue = "binance" as const;

/** A lake over the twin, but for what `instead` has. */
async function over(instead: (url: string) => Instead | undefined, body: (lake: TwinLab) => Promise<void>) {
  await using front = await startFront(twin, instead);
  await using lake = new TwinLab(place(), front.settings);
  await body(lake);
}

/** The outcomes of a run in which every step is done, and after which nothing is left to do. */
async function done(lake: TwinLab, asked: Wish) {
  const { outcomes } = await lake.run(asked);
  assert.deepEqual(
    outcomes.filter(({ status }) => status !== "done"),
    [],
  );
  assert.deepEqual((await lake.run(asked)).outcomes, []);
  return outcomes;
}

const quarantined = (outcomes: Awaited<ReturnType<typeof done>>): unknown[] =>
  outcomes.flatMap((outcome) => (outcome.quarantined > 0 ? [[outcome.step.action, outcome.quarantined]] : []));

test("open interest: the other rows of the day come, and candles with them", async () => {
  const key = `${UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2025-05-03.zip`;
  const bad = await changed(twin, key, (lines) => lines.with(99, (lines[99] ?? "").replace(/^[^,]+/, "")));
  await over(bad, async (lake) => {
    const asked = wish("futures", at("2025-05-02"), at("2025-05-05"), { venue, period: "5m" });
    const outcomes = await done(lake, asked);
    assert.deepEqual(quarantined(outcomes), [["fetch", 1]]);
    assert.deepEqual(gapsByDay(outcomes), [["2025-05-03", "quarantined", 1]]);
    const rows = await lake.queryLake(
      "SELECT count(*) AS n, count(open_interest) AS known FROM futures_metrics WHERE ts >= TIMESTAMPTZ '2025-05-03'",
    );
    assert.deepEqual(rows, [{ n: 48, known: 48 }]);
  });
});

describe("funding", () => {
  const key = `${UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-03.zip`;
  const march = wish("funding", at("2026-03-01"), at("2026-04-01"), { venue });
  for (const [what, places] of [
    ["the first", [0]],
    ["one at midnight", [30]],
    ["two in a row", [40, 41]],
    ["the last", [92]],
  ] as const) {
    test(`${what}: REST has the events, also where the archive alone was asked before`, async () => {
      const bad = await changed(twin, key, (lines) =>
        lines.map((line, i) => (places.some((one) => one === i) ? line.replace(/^\d+/, "") : line)),
      );
      const events = "SELECT * EXCLUDE (mark_price) FROM funding_rates ORDER BY funding_time";
      await using whole = new TwinLab(place(), twin.settings);
      await whole.run(march);
      await over(bad, async (lake) => {
        const outcomes = await done(lake, march);
        assert.deepEqual(gapsByDay(outcomes), []);
        assert.equal(
          outcomes.reduce((sum, outcome) => sum + outcome.quarantined, 0),
          places.length,
        );
        assert.deepEqual(await lake.queryLake(events), await whole.queryLake(events));
        const once = lake.contents();

        await over(bad, async (alone) => {
          const first = await done(alone, { ...march, choice: "archive" });
          assert.deepEqual(
            gapsByDay(first).map((gap) => (gap as unknown[]).slice(1)),
            [["quarantined", places.length]],
          );
          const { outcomes: filled } = await alone.run(march);
          assert.ok(filled.every(({ step, status }) => step.reason === "a gap was not asked for" && status === "done"));
          assert.deepEqual(alone.contents(), once);
        });
      });
    });
  }
});

describe("candles: the first line of a month's file", () => {
  const key = `${SPOT}/1h/BTCUSDT-1h-2026-03.zip`;
  const spring = wish("spot", at("2026-03-01"), at("2026-04-01"), { venue });

  test("is the day's own file's", async () => {
    const bad = await changed(twin, key, (lines) => lines.with(0, (lines[0] ?? "").replace(/^\d+/, "")));
    await using whole = new TwinLab(place(), twin.settings);
    await whole.run(spring);
    await over(bad, async (lake) => {
      const outcomes = await done(lake, spring);
      assert.deepEqual([gapsByDay(outcomes), quarantined(outcomes)], [[], [["fetch", 1]]]);
      const parquet = (of: TwinLab) => Object.entries(of.contents()).filter(([name]) => name.endsWith(".parquet"));
      assert.deepEqual(parquet(lake), parquet(whole));
    });
  });

  test("is the series' beginning where nobody else tells it", async () => {
    const listed = await changed(twin, key, (lines) =>
      lines.slice(240).map((line, i) => (i === 0 ? line.replace(/^\d+/, "") : line)),
    );
    const missing = /BTCUSDT-1h-(?:201\d|202[0-5]|2026-0[12]|2026-03-)/;
    await over(
      (url) => listed(url) ?? (missing.test(url) ? NOT_THERE : undefined),
      async (lake) => {
        const asked = { ...spring, choice: "archive" as const };
        const outcomes = await done(lake, asked);
        assert.deepEqual(gapsByDay(outcomes), [["2026-03-11", "quarantined", 1]]);
        const manifest = lake.manifest("spot_klines/synthetic_btcusdt_spot_1h_2026-03.json");
        assert.equal(manifest.listed, new Date(at("2026-03-11")).toISOString());
        assert.equal(manifest.partitions["2026-03-11"]?.gaps[0]?.to, new Date(at("2026-03-11") + HOUR).toISOString());
      },
    );
  });
});
