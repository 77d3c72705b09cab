// Series that are no longer traded: their archive is all there is of them, and what it lacks nobody has.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DAY } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { startTwin } from "../../src/twin/start.ts";
import { at, gapsByDay, place, twin } from "../fakes/archive-scene.ts";
import { wish } from "../fakes/lab.ts";
import { type Front, NO_SUCH_SYMBOL, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const lab = (settings: Readonly<Record<string, string>>): TwinLab => new TwinLab(place(), settings);

/** The symbol ended with May; files are missing, and REST does not know it any more. */
const gone = (missing: RegExp): Promise<Front> =>
  startFront(twin, (url) => {
    if (/(?:[kK]lines|fundingRate|openInterestHist)\?/.test(url)) return NO_SUCH_SYMBOL;
    return missing.test(url) || /LTCUSDT-\w+-2026-0[6-8]/.test(url) ? NOT_THERE : undefined;
  });

const ltc = (topic: Wish["topic"], from: string, to?: string, rest: Partial<Wish> = {}) =>
  wish(topic, at(from), to === undefined ? undefined : at(to), {
    venue: "binance",
    symbol: "LTCUSDT",
    period: "5m",
    ...rest,
  });

const days = (month: string, number: number, bars: number): unknown[] =>
  Array.from({ length: number }, (_, i) => [`${month}-${String(i + 1).padStart(2, "0")}`, "not-published", bars]);

for (const [topic, missing, number, bars] of [
  ["spot", /LTCUSDT-1h-2026-03/, 31, 24],
  ["funding", /LTCUSDT-fundingRate-2026-03/, 31, 0],
  ["open-interest", /LTCUSDT-metrics-2026-03-0[1-5]/, 5, 288],
] as const) {
  describe(`${topic} of a symbol that is gone, with files missing in the middle`, () => {
    test("is done, with a gap that nobody can fill, and is not asked for again", async () => {
      await using front = await gone(missing);
      await using lake = lab(front.settings);
      const whole = ltc(topic, "2026-02-01");
      const { outcomes } = await lake.run(whole);
      assert.ok(outcomes.every(({ status }) => status === "done"));
      assert.equal(outcomes.length, (at("2026-06-01") - at("2026-02-01")) / DAY);
      const expected = days("2026-03", number, bars);
      // The first value of a day stands in the file of the day before.
      if (topic === "open-interest") expected.push(["2026-03-06", "unknown", 1]);
      assert.deepEqual(gapsByDay(outcomes), expected);
      assert.deepEqual((await lake.run(whole)).outcomes, []);
    });

    test("is the same however the range is cut", async () => {
      await using front = await gone(missing);
      const parts = [
        ltc(topic, "2026-03-02", "2026-03-04"),
        ltc(topic, "2026-05-10"),
        ltc(topic, "2026-02-20", "2026-03-20"),
        ltc(topic, "2026-02-01"),
      ];
      const contents = [];
      for (const way of [parts.slice(3), parts, parts.toReversed()]) {
        await using lake = lab(front.settings);
        for (const part of way) {
          const { outcomes } = await lake.run(part);
          assert.ok(outcomes.every(({ status }) => status === "done"));
        }
        contents.push(lake.contents());
      }
      const partitions = contents.map((files) =>
        Object.fromEntries(
          Object.entries(files).map(([key, text]) => [key, key.endsWith(".json") ? JSON.parse(text).partitions : text]),
        ),
      );
      for (const other of partitions.slice(1)) {
        assert.deepEqual(Object.keys(other), Object.keys(partitions[0] ?? {}));
        for (const [key, text] of Object.entries(other)) assert.deepEqual(text, partitions[0]?.[key], key);
      }
    });

    test("has nothing after its end, which is nobody's failure", async () => {
      await using front = await gone(missing);
      await using lake = lab(front.settings);
      const { outcomes } = await lake.run(ltc(topic, "2026-07-01", "2026-07-10"));
      assert.deepEqual(outcomes, []);
      // By force it is asked for anew, and ends where it ended.
      const forced = await lake.run(ltc(topic, "2026-03-01", undefined, { force: true }));
      assert.ok(forced.outcomes.length === (at("2026-06-01") - at("2026-03-01")) / DAY);
      const again = await lake.run(ltc(topic, "2026-03-01", undefined, { force: true }));
      assert.ok(again.outcomes.every(({ status }) => status === "unchanged"));
    });
  });
}

test("a symbol that was there and is gone ends with its archive, too", async () => {
  await using front = await gone(/LTCUSDT-1h-2026-03/);
  await using lake = lab(twin.settings);
  assert.ok(
    (await lake.run(ltc("spot", "2026-02-01", "2026-02-10"))).outcomes.every(({ status }) => status === "done"),
  );
  await using later = new TwinLab(lake.data, front.settings);
  const { outcomes } = await later.run(ltc("spot", "2026-02-01"));
  assert.ok(outcomes.every(({ status }) => status === "done"));
  assert.equal(outcomes.length, (at("2026-06-01") - at("2026-02-10")) / DAY);
  assert.deepEqual((await later.run(ltc("spot", "2026-02-01"))).outcomes, []);
});

test("what is published after a symbol was gone comes with the next run", async () => {
  const moving = await startTwin({ now: at("2026-03-20"), limits: false, archive: "files" });
  try {
    await using front = await startFront(moving, (url) =>
      /(?:[kK]lines|fundingRate)\?/.test(url) ? NO_SUCH_SYMBOL : /2026-0[4-8]/.test(url) ? NOT_THERE : undefined,
    );
    await using lake = lab(front.settings);
    const asked = ltc("funding", "2026-01-05");
    const days = async () => (await lake.run(asked)).outcomes.map(({ step }) => step.action === "fetch" && step.day);
    assert.equal((await days()).at(-1), "2026-02-28");
    moving.setNow(at("2026-07-20"));
    await using later = new TwinLab(lake.data, front.settings);
    const { outcomes } = await later.run(asked);
    assert.ok(outcomes.every(({ status }) => status === "done"));
    assert.equal(outcomes.length, 31);
    await using last = new TwinLab(lake.data, front.settings);
    assert.deepEqual((await last.run(asked)).outcomes, []);
  } finally {
    await moving.close();
  }
});

test("a symbol that no one knows is named as that, though the archive cannot be asked", async () => {
  await using front = await startFront(twin, (url) => (url.includes("/klines?") ? NO_SUCH_SYMBOL : undefined));
  await using lake = lab({ ...front.settings, CANDLELAKE_BINANCE_ARCHIVE: "http://127.0.0.1:9" });
  const { outcomes } = await lake.run(ltc("spot", "2026-07-01", "2026-07-02"));
  assert.deepEqual(
    outcomes.map(({ status, error }) => [status, error?.code]),
    [["failed", "unknown-symbol"]],
  );
});
