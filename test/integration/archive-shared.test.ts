// Funding and open interest that several wishes share, and what candles' metrics have of them in each way.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import { DAY } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { startTwin } from "../../src/twin/start.ts";
import { NOW } from "../fakes/archive-files.ts";
import { at, place, twin } from "../fakes/archive-scene.ts";
import { tally } from "../fakes/cloud-lab.ts";
import { wish } from "../fakes/lab.ts";
import { type Instead, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const BLOCKED: Instead = { status: 451, body: '{"code":0,"msg":"Service unavailable from a restricted location"}' };
const blocked = () => startFront(twin, (url) => (url.startsWith("/binance-futures") ? BLOCKED : undefined));

const futures = (from: string, to: string, more: Partial<Wish> = {}): Wish =>
  wish("futures", at(from), at(to), { venue: "binance", period: "5m", ...more });

/** How many candles of the metrics have funding, and how many open interest. */
async function known(lab: TwinLab): Promise<unknown> {
  const sql = "SELECT count(*) AS n, count(funding_rate) AS funding, count(open_interest) AS oi FROM futures_metrics";
  const [row = {}] = await lab.queryLake(sql);
  return [row["n"], row["funding"], row["oi"]].map(Number);
}

describe("metrics of a wish of the archive alone, of days of which it has no funding yet", () => {
  const auto = futures("2026-08-02", "2026-08-03");
  const archived = { ...auto, choice: "archive" as const };

  test("keep the funding that the lake has", async () => {
    await using lab = new TwinLab(place(), twin.settings);
    await lab.run(auto);
    assert.deepEqual(await known(lab), [24, 24, 24]);
    const before = lab.contents();
    assert.deepEqual((await lab.run(archived)).outcomes, []);
    assert.deepEqual(lab.contents(), before);
    await lab.run({ ...archived, force: true });
    assert.deepEqual(await known(lab), [24, 24, 24]);
  });

  test("keep the open interest of a period that it has none of", async () => {
    await using lab = new TwinLab(place(), twin.settings);
    await lab.run({ ...auto, period: "1h" });
    assert.deepEqual((await lab.run({ ...archived, period: "1h" })).outcomes, []);
    assert.deepEqual(await known(lab), [24, 24, 24]);
  });

  test("are the same in one run and in several", async () => {
    const [one, several] = [new TwinLab(place(), twin.settings), new TwinLab(place(), twin.settings)];
    await using _one = one;
    await using _several = several;
    const range = (from: string, to: string) => futures(from, to, { choice: "archive" });
    await one.run(range("2026-07-30", "2026-08-03"));
    await several.run(range("2026-07-30", "2026-08-01"));
    await several.run(range("2026-08-01", "2026-08-03"));
    assert.deepEqual(await known(several), await known(one));
    assert.deepEqual(several.contents(), one.contents());
  });

  test("follow when it is there", async () => {
    await using lab = new TwinLab(place(), twin.settings);
    await lab.run(archived);
    assert.deepEqual(await known(lab), [24, 0, 24]);
    const later = await startTwin({ now: NOW + 40 * DAY, limits: false, archive: "files" });
    try {
      await using after = new TwinLab(lab.data, later.settings);
      const all = { venue: "binance", choice: "archive" } as const;
      await after.run(wish("funding", at("2026-08-01"), at("2026-09-01"), all));
      assert.deepEqual(await known(after), [24, 24, 24]);
    } finally {
      await later.close();
    }
  });
});

describe("where REST refuses the place", () => {
  /** What each order of the wishes leaves behind. */
  async function inAnyOrder(...wishes: readonly Wish[]): Promise<TwinLab[]> {
    const labs: TwinLab[] = [];
    for (const order of [wishes, wishes.toReversed()]) {
      await using front = await blocked();
      const lab = new TwinLab(place(), front.settings);
      const told = [await lab.run(...order), await lab.run(...order)];
      assert.doesNotMatch(tally(told[1] as (typeof told)[0]), /done/, "the second run has nothing left that it can do");
      labs.push(lab);
    }
    return labs;
  }

  for (const choice of ["auto", "archive"] as const) {
    test(`a wish without a file of its own costs others none: ${choice}`, async () => {
      const month = futures("2026-08-01", "2026-08-05", { choice });
      const labs = await inAnyOrder(month, futures("2026-06-01", "2026-08-05", { interval: "1d" }));
      const counts = "SELECT count(*) AS n FROM funding_rates";
      for (const lab of labs) {
        assert.deepEqual(await lab.queryLake(counts), [{ n: 61 * 3 }]);
        const days = "SELECT count(funding_rate) AS n FROM futures_metrics WHERE interval = '1d'";
        assert.deepEqual(await lab.queryLake(days), [{ n: 61 }]);
      }
      assert.deepEqual(labs[1]?.contents(), labs[0]?.contents());
      for (const lab of labs) await lab[Symbol.asyncDispose]();
    });
  }

  test("a hole that only REST may fill holds back no metrics of the archive alone", async () => {
    const holey = await startTwin({
      now: NOW,
      limits: false,
      archive: "files",
      faults: "csv-hole@/BTCUSDT-metrics-2026-08-02",
    });
    try {
      await using front = await startFront(holey, (url) => (url.startsWith("/binance-futures") ? BLOCKED : undefined));
      const hourly = futures("2026-08-01", "2026-08-04", { choice: "archive" });
      await using alone = new TwinLab(place(), front.settings);
      await alone.run(hourly);
      await using shared = new TwinLab(place(), front.settings);
      const { outcomes } = await shared.run(hourly, { ...hourly, interval: "4h", choice: "auto" });
      const metrics = outcomes.flatMap(({ step, status }) =>
        step.action === "derive" ? `${step.series.step} ${status}` : [],
      );
      assert.deepEqual(metrics.slice(0, 3), ["1h done", "1h done", "1h done"]);
      assert.ok(metrics.slice(3).includes("4h deferred"));
      const hours = (lab: TwinLab) =>
        lab.queryLake("SELECT * FROM futures_metrics WHERE interval = '1h' ORDER BY open_time");
      assert.deepEqual(await hours(shared), await hours(alone));
    } finally {
      await holey.close();
    }
  });
});

test("metrics of two periods of open interest are refused: they would be made of one and of the other", async () => {
  await using lab = new TwinLab(place(), twin.settings);
  const one = futures("2026-08-01", "2026-08-03");
  await assert.rejects(lab.run(one, { ...one, period: "1h" }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(
      error.message,
      "futures BTCUSDT 1h is wished with open interest of 5m and of 1h: its metrics are made of one.",
    );
    return true;
  });
  await lab.run(one, { ...one, interval: "4h", period: "1h" });
});

const BEGINNINGS = ["2026-05-30", "2026-06-30", "2026-07-20", "2026-07-31", "2026-08-01", "2026-08-05", "2026-08-27"];
/** Metrics of an interval are made of one period. */
const KINDS: readonly Partial<Wish>[] = [
  { topic: "futures", interval: "1h", period: "5m" },
  { topic: "futures", interval: "4h", period: "1h" },
  { topic: "futures", interval: "1d", period: "5m" },
  { topic: "funding" },
  { topic: "open-interest", period: "5m" },
  { topic: "spot", interval: "4h" },
];

const someWish = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    from: fc.constantFrom(...BEGINNINGS),
    days: fc.integer({ min: 1, max: 9 }),
    choice: fc.constantFrom("auto" as const, "archive" as const),
  })
  .map(({ kind, from, days, choice }) => ({ ...futures(from, from, { choice, ...kind }), to: at(from) + days * DAY }));

test("the order of wishes decides nothing, nor whether they are had at once or one by one, with REST away at first or not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someWish, { minLength: 2, maxLength: 4 }), fc.boolean(), async (wishes, isAway) => {
      let isBlocked = isAway;
      const answer = (url: string) => (isBlocked && url.startsWith("/binance-futures") ? BLOCKED : undefined);
      await using front = await startFront(twin, answer);
      const found: Record<string, string>[] = [];
      for (const runs of [[wishes], [wishes.toReversed()], [...wishes.map((one) => [one]), wishes]]) {
        isBlocked = isAway;
        await using away = new TwinLab(place(), front.settings);
        if (isAway) await away.run(...wishes);
        isBlocked = false;
        await using lab = new TwinLab(away.data, front.settings);
        for (const some of runs) await lab.run(...some);
        const { outcomes } = await lab.run(...wishes);
        assert.deepEqual(
          outcomes.filter(({ status }) => status !== "deferred"),
          [],
          "the run after that has nothing to do",
        );
        found.push(files(lab));
      }
      assert.deepEqual(found[1], found[0]);
      assert.deepEqual(found[2], found[0]);
    }),
    { numRuns: 15 },
  );
});

/** Parquet files: what manifests say of a series' beginning depends on who could be asked for it. */
function files(lab: TwinLab): Record<string, string> {
  return Object.fromEntries(Object.entries(lab.contents()).filter(([key]) => key.endsWith(".parquet")));
}
