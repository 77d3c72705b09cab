import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Batch, concat, numbers, take } from "../../src/core/batch.ts";
import { gridOf, type Interval, nextOpen } from "../../src/core/interval.ts";
import type { Series } from "../../src/core/series.ts";
import { DAY, dayOf, HOUR, iso, MINUTE, type TimeRange } from "../../src/core/time.ts";
import { TABLES } from "../../src/market/tables.ts";
import type { Page } from "../../src/ports.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { Lab, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { RealLab } from "../fakes/real-lab.ts";

const start = Date.UTC(2025, 0, 30);
const listed = start - 20 * DAY;

/**
 * A venue that sends more than it was asked for: the rows around the range, the day's last one again on the next page,
 * every row twice, in any order; and the candle that is still open, as they all do.
 */
class UnrulyVenue extends ModelVenue {
  override async *read(series: Series, range: TimeRange): AsyncIterable<Page> {
    const wide = { from: range.from - 3 * HOUR, to: range.to + 3 * HOUR };
    let before: Batch | undefined;
    for await (const page of super.read(series, wide)) {
      const own = page.batch;
      const { table } = own;
      const mixed = concat(table, before ? [own, before, own] : [own, own]);
      const shuffled = [...numbers(mixed, table.eventTime).values.keys()].sort((a, b) => ((a * 7) % 5) - ((b * 7) % 5));
      before = own;
      const batch = take(mixed, shuffled);
      yield { ...page, batch, until: Math.min(range.to, Math.max(range.from, page.until - 3 * HOUR)) };
    }
    yield {
      batch: concat(before?.table ?? assert.fail(), []),
      evidence: () => "",
      broken: [],
      unpublished: [],
      until: range.to,
    };
  }
}

const anyNow = fc.integer({ min: 10 * MINUTE, max: 2 * DAY }).map((ms) => start + ms);
const anyInterval = fc.constantFrom<Interval>("15m", "1h", "4h", "1d");

test("invariant 3: no candle is stored before it closed, no row outside its partition, none twice, whatever is sent", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyNow, { minLength: 1, maxLength: 3 }), anyInterval, async (times, interval) => {
      const venue = new UnrulyVenue(listed, start);
      const lab = new Lab(venue);
      for (const now of times.toSorted((a, b) => a - b)) {
        venue.time = now;
        await lab.run(wish("spot", start, undefined, { interval }), wish("futures", start, undefined, { interval }));
        for (const table of TABLES) {
          for await (const { series, batch } of lab.engine.read(table)) {
            const stored = Array.from(numbers(batch, table.eventTime).values, (micros) => micros / 1000);
            assert.deepEqual(
              stored,
              [...new Set(stored)].sort((a, b) => a - b),
              "each once, ascending",
            );
            assert.equal(new Set(stored.map(dayOf)).size, Math.min(1, stored.length), "of one day");
            const isCandle = series.kind === "klines" || series.kind === "metrics";
            for (const time of stored) {
              const known = isCandle ? nextOpen(gridOf(series.step as Interval), time) : time;
              assert.ok(known <= now, `${table.name} ${iso(time)} is stored at ${iso(now)}`);
            }
          }
        }
      }
    }),
    { numRuns: 25 },
  );
});

test("invariant 3: nor does the warehouse have one, however often and when it is loaded", async () => {
  using folder = new TemporaryFolder();
  const venue = new UnrulyVenue(listed, start);
  await using lab = new RealLab(folder.join("data"), venue);
  for (const minutes of [61, 125, 23 * 60 + 59, 24 * 60 + 1, 24 * 60 + 6, 30 * 60]) {
    venue.time = start + minutes * MINUTE;
    await lab.run(wish("spot", start, undefined), wish("futures", start, undefined));
    for (const table of ["spot_klines", "futures_metrics"]) {
      const [row] = await lab.query(
        `SELECT count(*) AS n, count(DISTINCT open_time) AS times, count(*) FILTER (ts > TIMESTAMP '${iso(venue.time).slice(0, -1)}') AS open FROM ${table}`,
      );
      const closed = Math.floor(minutes / 60);
      assert.deepEqual(row, { n: closed, times: closed, open: 0 });
    }
  }
});
