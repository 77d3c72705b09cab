import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { DAY } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { NOW } from "../fakes/archive-files.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

/** A frozen noon: whole months, days after them, and a tail that only REST has. */
const twin = await startTwin({ now: NOW, limits: false });
/** Holes and broken rows in months and days: every way of mending is gone. */
const flawed = await startTwin({
  now: NOW,
  limits: false,
  faults: "csv-hole:30@/monthly/klines, csv-conflict@/daily/klines, csv-duplicate@/metrics, csv-off-grid@/fundingRate",
});
/** Whoever asks REST for candles or events is refused. */
const blocked = await startTwin({ now: NOW, limits: false, faults: "451@/binance-spot, 451@/binance-futures" });
const folder = new TemporaryFolder("memory");
after(async () => {
  await Promise.all([twin, flawed, blocked].map((each) => each.close()));
  folder[Symbol.dispose]();
});

const FROM = Date.UTC(2026, 5, 26);
const END = Date.UTC(2026, 7, 31);
const DAYS = (END - FROM) / DAY;

/** Parts that cover all days, in any order, and others over them. */
const splits = fc
  .record({
    cuts: fc.uniqueArray(fc.integer({ min: 1, max: DAYS - 1 }), { minLength: 1, maxLength: 4 }),
    extra: fc.array(fc.tuple(fc.nat(DAYS - 1), fc.integer({ min: 1, max: 9 })), { maxLength: 2 }),
  })
  .chain(({ cuts, extra }) => {
    const edges = [0, ...cuts.toSorted((a, b) => a - b), DAYS];
    const parts = edges.slice(1).map((to, i): readonly [number, number] => [edges[i] ?? 0, to]);
    const others = extra.map(([from, length]): readonly [number, number] => [from, Math.min(from + length, DAYS)]);
    const all = [...parts, ...others];
    return fc.shuffledSubarray(all, { minLength: all.length });
  });

let count = 0;
async function contentsAfter(from: Twin, wishes: readonly Wish[], parts: readonly (readonly [number, number])[]) {
  await using lab = new TwinLab(folder.join(`lake ${count++}`), from.settings);
  for (const [first, end] of parts) {
    const range = { from: FROM + first * DAY, to: FROM + end * DAY };
    const { fatal } = await lab.run(...wishes.map((one) => ({ ...one, ...range })));
    assert.equal(fatal, undefined);
  }
  return lab.contents();
}

async function anySplit(from: Twin, wishes: readonly Wish[], runs: number): Promise<void> {
  const whole = await contentsAfter(from, wishes, [[0, DAYS]]);
  assert.ok(Object.keys(whole).length > 0);
  await fc.assert(
    fc.asyncProperty(splits, async (parts) => {
      assert.deepEqual(await contentsAfter(from, wishes, parts), whole);
    }),
    { numRuns: runs },
  );
}

const spot = wish("spot", FROM, END, { venue: "binance" });
const futures = wish("futures", FROM, END, { period: "5m", interval: "4h" });

test("invariant 1: any split of a range into runs, in any order, leaves what one run leaves, to the byte", () =>
  anySplit(twin, [spot], 12));

test("invariant 1: and so it is of candles, funding and open interest with what is derived from them", () =>
  anySplit(twin, [futures], 5));

test("invariant 1: and so it is where files have holes, conflicts and copies", async () => {
  await anySplit(flawed, [spot], 8);
  await anySplit(flawed, [futures], 3);
});

test("invariant 1: and so it is of the archive alone, and where REST refuses", async () => {
  await anySplit(twin, [{ ...spot, choice: "archive" }], 5);
  await anySplit(blocked, [spot], 5);
});
