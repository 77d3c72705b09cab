import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rowAt } from "../../src/core/batch.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { FUTURES_METRICS } from "../../src/market/futures-metrics.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { Lab, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { RealLab } from "../fakes/real-lab.ts";

const start = Date.UTC(2025, 0, 30);
const listed = start - 20 * DAY;

async function metrics(lab: Lab): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const { batch } of lab.engine.read(FUTURES_METRICS)) {
    for (let i = 0; i < batch.rows; i++) rows.push(rowAt(batch, i));
  }
  return rows;
}

test("invariant 8, for the one derived table there is: a row of futures_metrics does not change when later data are added or altered", async () => {
  const scene = fc.record({
    first: fc.integer({ min: 60, max: 40 * 60 }),
    pauses: fc.array(fc.integer({ min: 1, max: 20 * 60 }), { minLength: 1, maxLength: 3 }),
    holes: fc.nat(9),
    version: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ first, pauses, holes, version }) => {
      const now = start + first * MINUTE;
      const lab = new Lab(new ModelVenue(listed, now));
      lab.venue.quirks = {
        missing: (series, time) => series.kind !== "klines" && Math.floor(time / HOUR) % 10 === holes,
      };
      await lab.run(wish("futures", start, undefined));
      const before = await metrics(lab);
      assert.ok(before.length > 0);
      const { missing } = lab.venue.quirks;
      // Whatever comes from now on is other than it was, as far as anything was known of it.
      lab.venue.quirks = { ...(missing ? { missing } : {}), version: (_, time) => (time >= now ? version : 0) };
      for (const minutes of pauses) {
        lab.venue.time += minutes * MINUTE;
        await lab.run(wish("futures", start, undefined));
        assert.deepEqual((await metrics(lab)).slice(0, before.length), before);
      }
    }),
    { numRuns: 30 },
  );
});

test("invariant 8, for the one derived table there is: nor does the row that the warehouse has of it", async () => {
  using folder = new TemporaryFolder();
  const venue = new ModelVenue(listed, start + 10 * HOUR);
  await using lab = new RealLab(folder.join("data"), venue);
  const rows = "SELECT * FROM futures_metrics ORDER BY open_time LIMIT 10";
  await lab.run(wish("futures", start, undefined));
  const before = await lab.query(rows);
  assert.equal(before.length, 10);
  for (const hours of [1, 13, 24]) {
    venue.time += hours * HOUR;
    await lab.run(wish("futures", start, undefined));
    assert.deepEqual(await lab.query(rows), before);
  }
});
