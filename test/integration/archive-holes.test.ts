// Files that are missing between others, the archive alone being asked: holes as those within a file, or files that are late.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { DAY } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { startTwin } from "../../src/twin/start.ts";
import { NOW } from "../fakes/archive-files.ts";
import { at, gapsByDay, place, twin } from "../fakes/archive-scene.ts";
import { wish } from "../fakes/lab.ts";
import { NO_SUCH_SYMBOL, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

/** So long a file may be late. */
const LATE = 62 * DAY;
const later = await startTwin({ now: NOW + LATE, limits: false, archive: "files" });
after(() => later.close());

const without = (missing: RegExp, from = twin) =>
  startFront(from, (url) => (missing.test(url) ? NOT_THERE : undefined));

const of = (topic: Wish["topic"], from: string, to: string, rest: Partial<Wish> = {}) =>
  wish(topic, at(from), at(to), { venue: "binance", period: "5m", choice: "archive", ...rest });

type Outcomes = Awaited<ReturnType<TwinLab["run"]>>["outcomes"];

const told = (outcomes: Outcomes): unknown[] =>
  outcomes.map(({ step, status, error }) => [step.action === "fetch" && step.day, status, error?.code]);
const days = (month: string, first: number, last: number, ...rest: readonly unknown[]): unknown[] =>
  Array.from({ length: last - first + 1 }, (_, i) => [`${month}-${String(first + i).padStart(2, "0")}`, ...rest]);

for (const [topic, missing, first, last, bars] of [
  ["spot", /BTCUSDT-1h-2026-03(?:-0[2-5])?\.zip/, 2, 5, 24],
  ["funding", /BTCUSDT-fundingRate-2026-03/, 1, 31, 0],
  ["open-interest", /BTCUSDT-metrics-2026-03-0[2-5]/, 2, 5, 288],
] as const) {
  describe(`${topic} of the archive alone, with files missing between others`, () => {
    const whole = of(topic, "2026-02-26", "2026-04-03");

    test("is done with gaps that REST was not asked for, and REST fills them", async () => {
      await using front = await without(missing);
      await using lake = new TwinLab(place(), front.settings);
      const { outcomes } = await lake.run(whole);
      assert.ok(outcomes.length === 36 && outcomes.every(({ status }) => status === "done"));
      const expected = days("2026-03", first, last, "not-fetched", bars);
      // The first value of a day stands in the file of the day before.
      if (topic === "open-interest") expected.push(["2026-03-06", "not-fetched", 1]);
      assert.deepEqual(gapsByDay(outcomes), expected);
      assert.deepEqual((await lake.run(whole)).outcomes, []);

      const begun = twin.requests.length;
      const filled = await lake.run({ ...whole, choice: "auto" });
      assert.deepEqual(
        filled.outcomes.map(({ step }) => step.action === "fetch" && step.day),
        expected.map((gap) => (gap as string[])[0]),
      );
      assert.deepEqual(
        filled.outcomes.map(({ error }) => error).filter((error) => error),
        [],
      );
      assert.ok(twin.requests.slice(begun).every(({ path }) => !path.endsWith(".zip")));
      assert.deepEqual((await lake.run({ ...whole, choice: "auto" })).outcomes, []);
      await using once = new TwinLab(place(), front.settings);
      await once.run({ ...whole, choice: "auto" });
      assert.deepEqual(lake.contents(), once.contents());
    });

    test("is the same however the range is cut", async () => {
      await using front = await without(missing);
      const parts = [
        of(topic, "2026-03-03", "2026-03-04"),
        of(topic, "2026-03-04", "2026-04-03"),
        of(topic, "2026-02-26", "2026-03-05"),
      ];
      const partitions = [];
      for (const way of [[whole], parts, parts.toReversed()]) {
        await using lake = new TwinLab(place(), front.settings);
        for (const part of way) {
          const { outcomes } = await lake.run(part);
          assert.deepEqual(told(outcomes.filter(({ status }) => status !== "done")), []);
        }
        partitions.push(
          Object.fromEntries(
            Object.entries(lake.contents()).map(([key, text]) => [
              key,
              key.endsWith(".json") ? JSON.parse(text).partitions : text,
            ]),
          ),
        );
      }
      for (const other of partitions.slice(1)) assert.deepEqual(other, partitions[0]);
    });
  });
}

test("a gone symbol's hole is nobody's, also where the archive alone was asked before", async () => {
  const missing = /LTCUSDT-1h-2026-0(?:3|[6-8])/;
  await using front = await startFront(twin, (url) => {
    if (/klines\?/.test(url)) return NO_SUCH_SYMBOL;
    return missing.test(url) ? NOT_THERE : undefined;
  });
  const ltc = of("spot", "2026-02-27", "2026-04-02", { symbol: "LTCUSDT" });
  await using lake = new TwinLab(place(), front.settings);
  assert.deepEqual(gapsByDay((await lake.run(ltc)).outcomes), days("2026-03", 1, 31, "not-fetched", 24));
  const { outcomes } = await lake.run({ ...ltc, choice: "auto" });
  assert.deepEqual(gapsByDay(outcomes), days("2026-03", 1, 31, "not-published", 24));
  assert.deepEqual((await lake.run({ ...ltc, choice: "auto" })).outcomes, []);
});

describe("a file that may only be late", () => {
  const missing = /BTCUSDT-1h-2026-(?:08-1[01]|07-31|07|06-29|06-28|06)\.zip/;
  const whole = of("spot", "2026-06-27", "2026-08-13");

  test("leaves its day for later, until nobody waits for it any more", async () => {
    await using front = await without(missing);
    await using lake = new TwinLab(place(), front.settings);
    const { outcomes } = await lake.run(whole);
    assert.deepEqual(told(outcomes.filter(({ status }) => status !== "done")), [
      ["2026-06-29", "deferred", "not-in-archive"],
      ["2026-07-31", "deferred", "not-in-archive"],
      ["2026-08-10", "deferred", "not-in-archive"],
      ["2026-08-11", "deferred", "not-in-archive"],
    ]);
    // The day that ended 62 days and twelve hours ago.
    assert.deepEqual(gapsByDay(outcomes), [["2026-06-28", "not-fetched", 24]]);

    await using after = await without(/BTCUSDT-1h-2026-0(?:8-1[01]|7-31|7|8)\.zip/, later);
    await using lake2 = new TwinLab(lake.data, after.settings);
    const again = await lake2.run(whole);
    assert.deepEqual(told(again.outcomes), [
      ["2026-06-29", "done", undefined],
      ["2026-07-31", "done", undefined],
      ["2026-08-10", "done", undefined],
      ["2026-08-11", "done", undefined],
    ]);
    assert.deepEqual(gapsByDay(again.outcomes), [
      ["2026-07-31", "not-fetched", 24],
      ["2026-08-10", "not-fetched", 24],
      ["2026-08-11", "not-fetched", 24],
    ]);
  });

  test("and has the next day's first value: that day is asked for again for as long", async () => {
    await using front = await without(/BTCUSDT-metrics-2026-(?:08|03)-10\.zip/);
    const due = of("open-interest", "2026-08-11", "2026-08-13");
    const settled = of("open-interest", "2026-03-11", "2026-03-13");
    const reasons = (outcomes: Outcomes) => outcomes.map(({ step, status, revised }) => [step.reason, status, revised]);
    const again = "the file of the day before may only have been late";
    await using lake = new TwinLab(place(), front.settings);
    for (const [asked, day] of [
      [due, "2026-08-11"],
      [settled, "2026-03-11"],
    ] as const) {
      const { outcomes } = await lake.run(asked);
      assert.ok(outcomes.length === 2 && outcomes.every(({ status }) => status === "done"));
      assert.deepEqual(gapsByDay(outcomes), [[day, "not-fetched", 1]]);
    }
    assert.deepEqual(reasons((await lake.run(due)).outcomes), [[again, "unchanged", false]]);

    await using after = new TwinLab(lake.data, twin.settings);
    assert.deepEqual((await after.run(settled)).outcomes, []);
    assert.deepEqual(reasons((await after.run(due)).outcomes), [[again, "done", false]]);
    assert.deepEqual((await after.run(due)).outcomes, []);
    await using once = new TwinLab(place(), twin.settings);
    await once.run(due);
    const august = (lab: TwinLab) => Object.entries(lab.contents()).filter(([key]) => /2026-08|mm=08/.test(key));
    assert.equal(august(once).length, 3);
    assert.deepEqual(august(after), august(once));
  });

  test("and has the next day's first value, while REST refuses: it is asked for beside REST", async () => {
    let isLate = true;
    await using front = await startFront(twin, (url) => {
      if (url.startsWith("/binance-futures")) return { status: 451, body: "{}" };
      return isLate && url.includes("metrics-2026-08-10.zip") ? NOT_THERE : undefined;
    });
    const asked = of("open-interest", "2026-08-11", "2026-08-13", { choice: "auto" });
    await using lake = new TwinLab(place(), front.settings);
    const statuses = async () => (await lake.run(asked)).outcomes.map(({ status }) => status);
    assert.deepEqual([await statuses(), await statuses()], [["deferred", "done"], ["deferred"]]);
    isLate = false;
    assert.deepEqual([await statuses(), await statuses()], [["done"], []]);
  });

  test("is no hole behind the last file, however old its day is", async () => {
    await using front = await without(/BTCUSDT-1h-2026-0(?:3-(?:0[5-9]|[123]\d)|3|[4-8]\S*)\.zip/);
    await using lake = new TwinLab(place(), front.settings);
    await lake.run(of("spot", "2026-03-01", "2026-03-02", { choice: "auto" }));
    const { outcomes } = await lake.run(of("spot", "2026-03-01", "2026-03-20"));
    assert.deepEqual(told(outcomes), days("2026-03", 2, 4, "done", undefined));
    const behind = await lake.run(of("spot", "2026-03-10", "2026-03-12"));
    assert.deepEqual(told(behind.outcomes), days("2026-03", 10, 11, "deferred", "not-in-archive"));
  });
});

test("by force rows that REST brought stay where the archive has no file", async () => {
  await using front = await without(/BTCUSDT-1h-2026-03(?:-0[2-5])?\.zip/);
  await using lake = new TwinLab(place(), front.settings);
  const whole = of("spot", "2026-03-01", "2026-03-08");
  await lake.run({ ...whole, choice: "auto" });
  const before = lake.contents();
  const { outcomes } = await lake.run({ ...whole, force: true });
  assert.deepEqual(
    told(outcomes.filter(({ status }) => status !== "unchanged")),
    days("2026-03", 2, 5, "deferred", "not-in-archive"),
  );
  assert.deepEqual(lake.contents(), before);
});
