import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countOpens, INTERVALS, type Interval } from "../../src/core/interval.ts";
import { parseManifestName } from "../../src/core/layout.ts";
import { parseManifest } from "../../src/core/manifest-reader.ts";
import { finalRange, seriesGrid } from "../../src/core/partition.ts";
import type { Series } from "../../src/core/series.ts";
import type { TableName } from "../../src/core/table.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { Lab, timeless, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";

const start = Date.UTC(2025, 0, 30);
/** A few hours into the fourth day, so that one day is open. */
const now = start + 3 * DAY + 5 * HOUR + 7 * MINUTE;
const listed = Date.UTC(2024, 11, 20, 4);

/** Missing, broken and unkept rows here and there, the same whenever they are asked for. */
const anyQuirks = fc.record({ a: fc.nat(20), b: fc.nat(20), kept: fc.nat(4) }).map(({ a, b, kept }) => ({
  missing: (_: unknown, time: number) => a > 10 && (time / HOUR) % 24 === a,
  broken: (_: unknown, time: number) => b > 10 && Math.floor(time / HOUR) % 24 === b,
  kept: () => start + (kept - 2) * DAY + 3 * HOUR,
}));

const long: readonly Interval[] = ["1d", "3d", "1w", "1M"];
const anyInterval = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Interval>("1h") },
  fc.constantFrom("30m", "4h", ...long),
);

/** Evenly spread: left to itself, the generator crowds near the ends. */
const fraction = fc.noBias(fc.integer({ min: 0, max: 1000 })).map((n) => n / 1000);

interface Case {
  readonly lab: () => Lab;
  readonly from: number;
  readonly to: number;
  readonly wishes: (from: number, to: number) => Wish[];
}

/** Spot and futures of one interval over four days; of the long candles over two months. */
const anyCase: fc.Arbitrary<Case> = fc
  .tuple(anyInterval, anyQuirks, fc.integer({ min: 3, max: 100 }))
  .map(([interval, quirks, page]) => {
    const isLong = long.includes(interval);
    const period = isLong ? "1d" : "1h";
    return {
      from: isLong ? start - 40 * DAY : start,
      to: isLong ? start + 20 * DAY : start + 4 * DAY,
      wishes: (from, to) => (["spot", "futures"] as const).map((topic) => wish(topic, from, to, { interval, period })),
      lab() {
        const venue = new ModelVenue(listed, isLong ? start + 15 * DAY + 7 * HOUR : now);
        venue.quirks = quirks;
        venue.page = page;
        return new Lab(venue);
      },
    };
  });

async function whole({ lab, from, to, wishes }: Case): Promise<Lab> {
  const done = lab();
  await done.run(...wishes(from, to));
  return done;
}

test("a run that ended after any of its steps, and another one, leave the same lake as one run", async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, fraction, async (it, part) => {
      const lab = it.lab();
      await lab.runSome(it.wishes(it.from, it.to), (steps) => steps.slice(0, Math.floor(part * steps.length)));
      await lab.run(...it.wishes(it.from, it.to));
      assert.deepEqual(lab.contents(), (await whole(it)).contents());
    }),
    { numRuns: 25 },
  );
});

test("a run in which any steps failed, and another one, leave the same lake as one run", async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, fc.infiniteStream(fc.boolean()), async (it, coins) => {
      const lab = it.lab();
      await lab.runSome(it.wishes(it.from, it.to), (steps) => steps.filter(() => coins.next().value));
      await lab.run(...it.wishes(it.from, it.to));
      assert.deepEqual(lab.contents(), (await whole(it)).contents());
    }),
    { numRuns: 25 },
  );
});

test("a range in any parts and any order leaves the same lake, to the byte", async () => {
  const cuts = fc.array(fraction, { minLength: 1, maxLength: 4 });
  const order = fc.array(fraction, { minLength: 10, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(anyCase, cuts, order, async (it, inner, weights) => {
      const lab = it.lab();
      const { from, to } = it;
      const edges = [from, ...inner.map((cut) => Math.floor(from + cut * (to - from))).sort((a, b) => a - b), to];
      const parts = edges.slice(1).map((end, i) => [edges[i] as number, end] as const);
      const shuffled = parts
        .filter(([a, b]) => a < b && a < lab.venue.time)
        .map((part, i) => ({ part, weight: weights[i] as number }))
        .sort((a, b) => a.weight - b.weight);
      for (const { part } of shuffled) await lab.run(...it.wishes(...part));
      assert.deepEqual(lab.contents(), (await whole(it)).contents());
    }),
    { numRuns: 40 },
  );
});

for (const [interval, period] of [
  ["1h", "1h"],
  ["1d", "1h"],
  ["3d", "1d"],
  ["1w", "1d"],
  ["1M", "1d"],
] as const) {
  test(`${interval}: days asked for one by one, the last one first, leave the same lake as all at once`, async () => {
    const make = () => new Lab(new ModelVenue(listed, start + 8 * DAY + HOUR));
    const [from, days] = [start - 29 * DAY, 38];
    const [lab, once] = [make(), make()];
    for (let day = days - 1; day >= 0; day--) {
      await lab.run(wish("futures", from + day * DAY, from + (day + 1) * DAY, { interval, period }));
    }
    await once.run(wish("futures", from, from + days * DAY, { interval, period }));
    assert.deepEqual(lab.contents(), once.contents());
  });
}

test("a second run plans nothing, and writes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, async (it) => {
      const lab = await whole(it);
      const before = lab.contents();
      assert.deepEqual(await lab.steps(...it.wishes(it.from, it.to)), []);
      const again = await lab.run(...it.wishes(it.from, it.to));
      assert.deepEqual([again.outcomes, again.fatal], [[], undefined]);
      assert.deepEqual(lab.contents(), before);
    }),
    { numRuns: 20 },
  );
});

test("runs as time passes end in the same lake as one run at the end, but for when it was read", async () => {
  const pauses = fc.array(fc.integer({ min: 1, max: 9 * 60 }), { minLength: 3, maxLength: 25 });
  const interval = fc.constantFrom<Interval>("15m", "1h", "4h", "1d");
  await fc.assert(
    fc.asyncProperty(pauses, interval, async (minutes, step) => {
      const venue = new ModelVenue(listed, start + 10 * MINUTE);
      // A row comes up to three minutes late, and is corrected until four after it was final.
      const age = (series: Series, time: number, at: number) =>
        at - (series.kind === "klines" ? closeOf(time, step) : time);
      venue.quirks = {
        missing: (series, time, at) => (time / MINUTE) % 7 === 0 && age(series, time, at) < 3 * MINUTE,
        version: (series, time, at) => (age(series, time, at) < 4 * MINUTE ? 0 : 1),
      };
      const wishes = () => [
        wish("futures", start, undefined, { interval: step }),
        wish("spot", start, undefined, { interval: step }),
      ];
      const lab = new Lab(venue);
      for (const pause of minutes) {
        await lab.run(...wishes());
        venue.time += pause * MINUTE;
      }
      // The last run comes when everything that closed has settled.
      venue.time = Math.ceil(venue.time / DAY) * DAY + 5 * MINUTE;
      await lab.run(...wishes());
      const once = new Lab(venue);
      await once.run(...wishes());
      assert.deepEqual(lab.contents(timeless), once.contents(timeless));
    }),
    { numRuns: 20 },
  );
});

const LENGTH: Readonly<Record<string, number>> = { "15m": 15 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY };
const closeOf = (open: number, interval: Interval): number => open + (LENGTH[interval] ?? DAY);

/** Rows and gaps of a lake's manifests, and what the grid has between the first candle and what was final then. */
function balance(lab: Lab): { have: number; due: number }[] {
  const all: { have: number; due: number }[] = [];
  for (const [key, bytes] of lab.store.objects) {
    const [, table, name = ""] = key.split("/");
    if (!key.startsWith("_manifests/")) continue;
    const { series, month } = parseManifestName(table as TableName, name) ?? assert.fail(key);
    const manifest = parseManifest(bytes, table as TableName, series, month);
    for (const [day, entry] of manifest.partitions) {
      const grid = seriesGrid(series, manifest.listed);
      assert.ok(grid);
      const due = countOpens(grid, finalRange(series, day, entry.asOf, manifest.listed));
      all.push({ have: entry.rows + entry.gaps.reduce((sum, gap) => sum + gap.bars, 0), due });
    }
  }
  return all;
}

test("of every interval, each candle that a day should have is there or is a gap", async () => {
  for (const interval of INTERVALS) {
    const lab = new Lab(new ModelVenue(listed, start + 3 * DAY));
    lab.venue.quirks = {
      missing: (_, time) => Math.floor(time / HOUR) % 5 === 0,
      broken: (_, time) => Math.floor(time / HOUR) % 7 === 0,
      kept: () => listed + 2 * DAY,
    };
    const from = interval === "1m" || interval === "3m" ? start - DAY : start - 60 * DAY;
    const { outcomes } = await lab.run(wish("spot", from, start, { interval }));
    assert.ok(outcomes.length > 0 && outcomes.every((outcome) => outcome.status === "done"), interval);
    for (const { have, due } of balance(lab)) assert.equal(have, due, interval);
  }
});
