// Files that are not there and may only be late, of days that nobody else has: they wait, and nothing is settled too soon.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LATENESS } from "../../src/core/late-file.ts";
import { OPEN_INTEREST_KEPT } from "../../src/core/rest-kept.ts";
import { DAY } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { NOW } from "../fakes/archive-files.ts";
import { at, gapsByDay, place, twin } from "../fakes/archive-scene.ts";
import { wish } from "../fakes/lab.ts";
import { NO_SUCH_SYMBOL, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

type Outcomes = Awaited<ReturnType<TwinLab["run"]>>["outcomes"];

const told = (outcomes: Outcomes): unknown[] =>
  outcomes.map(({ step, status, error }) => [step.action === "fetch" && step.day, status, error?.code]);
const notDone = (outcomes: Outcomes): unknown[] => told(outcomes.filter(({ status }) => status !== "done"));
const reasons = (outcomes: Outcomes): unknown[] =>
  outcomes.map(({ step, status }) => [step.action === "fetch" && step.day, step.reason, status]);

const openInterest = (from: string, to: string, rest: Partial<Wish> = {}): Wish =>
  wish("open-interest", at(from), at(to), { venue: "binance", period: "5m", ...rest });

/** A lake that is asked for once, of a venue without some of its files. */
async function run(
  data: string,
  asked: Wish,
  missing?: RegExp,
  of: Twin = twin,
  { isGone = false, verify = false }: { readonly isGone?: boolean; readonly verify?: boolean } = {},
) {
  const isRest = /(?:[kK]lines|fundingRate|openInterestHist)\?/;
  await using front = await startFront(of, (url) => {
    if (isGone && isRest.test(url)) return NO_SUCH_SYMBOL;
    return missing?.test(url) ? NOT_THERE : undefined;
  });
  await using lake = new TwinLab(data, front.settings);
  const applied = verify ? await lake.verify(asked) : await lake.run(asked);
  return { ...applied, contents: lake.contents() };
}

const later = await startTwin({ now: NOW + 40 * DAY, limits: false, archive: "files" });
test.after(() => later.close());

/** Of days that REST does not have any more. */
const MISSING = /BTCUSDT-metrics-2026-07-1[12]\.zip/;
const JULY = openInterest("2026-07-10", "2026-07-15");

describe("open interest behind REST's thirty days, without its file", () => {
  const waiting = [
    ["2026-07-11", "deferred", "not-in-archive"],
    ["2026-07-12", "deferred", "not-in-archive"],
  ];

  for (const choice of ["auto", "archive"] as const) {
    test(`waits as long as that may only be late, and is there when it comes: ${choice}`, async () => {
      const [data, whole] = [place(), place()];
      const asked = { ...JULY, choice };
      assert.deepEqual(notDone((await run(data, asked, MISSING)).outcomes), waiting);
      const again = await run(data, asked, MISSING);
      assert.deepEqual(reasons(again.outcomes), [
        ["2026-07-11", "missing", "deferred"],
        ["2026-07-12", "missing", "deferred"],
        ["2026-07-13", "the file of the day before may only have been late", "unchanged"],
      ]);
      const after = await run(data, asked);
      assert.ok(after.outcomes.length === 3 && after.outcomes.every(({ status }) => status === "done"));
      assert.deepEqual(after.contents, (await run(whole, asked)).contents);
      assert.deepEqual((await run(data, asked)).outcomes, []);
    });
  }

  test("is settled when nobody waits for it any more", async () => {
    const data = place();
    await run(data, JULY, MISSING);
    const { outcomes } = await run(data, JULY, MISSING, later);
    assert.deepEqual(notDone(outcomes), []);
    assert.deepEqual(gapsByDay(outcomes), [
      ["2026-07-11", "not-published", 288],
      ["2026-07-12", "not-published", 288],
    ]);
    assert.deepEqual((await run(data, JULY, MISSING, later)).outcomes, []);
  });

  test("is settled at once where the archive has no files of the series at all: then none is late", async () => {
    const data = place();
    const { outcomes } = await run(data, JULY, /BTCUSDT-metrics-/);
    assert.deepEqual(notDone(outcomes), []);
    assert.ok(outcomes.every(({ gaps }) => gaps[0]?.class === "not-published" && gaps[0].bars === 288));
    assert.deepEqual((await run(data, JULY, /BTCUSDT-metrics-/)).outcomes, []);
  });

  test("of which REST still has a part: that is stored at once, and the rest is waited for", async () => {
    const day = new Date(NOW - OPEN_INTEREST_KEPT).toISOString().slice(0, 10);
    const missing = new RegExp(`BTCUSDT-metrics-${day}\\.zip`);
    const data = place();
    const asked = wish("open-interest", at(day), at(day) + DAY, { venue: "binance", period: "5m" });
    const { outcomes } = await run(data, asked, missing);
    assert.deepEqual(
      outcomes.map(({ status, rows }) => [status, rows]),
      [["done", 144]],
    );
    const again = await run(data, asked, missing);
    assert.deepEqual(reasons(again.outcomes), [[day, "its file may only have been late", "unchanged"]]);
    const after = await run(data, asked);
    assert.deepEqual(
      after.outcomes.map(({ status, rows, revised }) => [status, rows, revised]),
      [["done", 288, false]],
    );
    assert.deepEqual((await run(data, asked)).outcomes, []);
  });
});

test("funding and open interest that two wishes share are had in the best of their ways, in any order of the wishes", async () => {
  const missing = /BTCUSDT-metrics-2026-08-1[12]\.zip/;
  const hourly = wish("futures", at("2026-08-10"), at("2026-08-14"), { venue: "binance", choice: "archive" });
  const all = [hourly, { ...hourly, interval: "4h" as const, choice: "auto" as const }];
  const contents = [];
  for (const wishes of [all, all.toReversed()]) {
    await using front = await startFront(twin, (url) => (missing.test(url) ? NOT_THERE : undefined));
    await using lake = new TwinLab(place(), front.settings);
    const { outcomes } = await lake.run(...wishes);
    assert.deepEqual(notDone(outcomes), []);
    assert.deepEqual(gapsByDay(outcomes), []);
    contents.push(lake.contents());
  }
  assert.deepEqual(contents[0], contents[1]);
});

test("open interest that REST has no longer is settled where REST refuses the place, as where it answers", async () => {
  const holey = await startTwin({
    now: NOW + 40 * DAY,
    limits: false,
    archive: "files",
    faults: "csv-hole@/BTCUSDT-metrics-2026-07-13",
  });
  try {
    const found: unknown[] = [];
    for (const isBlocked of [false, true]) {
      await using front = await startFront(holey, (url) => {
        if (isBlocked && url.startsWith("/binance-futures")) return { status: 451, body: "{}" };
        return MISSING.test(url) ? NOT_THERE : undefined;
      });
      await using lake = new TwinLab(place(), front.settings);
      const metrics = wish("futures", at("2026-07-10"), at("2026-07-15"), { venue: "binance", period: "5m" });
      const { outcomes } = await lake.run(metrics);
      assert.deepEqual(notDone(outcomes), []);
      assert.deepEqual((await lake.run(metrics)).outcomes, []);
      found.push([gapsByDay(outcomes), await lake.queryLake("SELECT * FROM futures_metrics ORDER BY open_time")]);
    }
    assert.deepEqual(found[1], found[0]);
  } finally {
    await holey.close();
  }
});

test("what a wish of the archive alone shares with others that ask REST holds back nothing of it", async () => {
  const hourly = wish("futures", at("2026-08-01"), at("2026-08-04"), {
    venue: "binance",
    choice: "archive",
    period: "1h",
  });
  const all = [hourly, { ...hourly, interval: "4h" as const, choice: "auto" as const }];
  let isBlocked = true;
  await using front = await startFront(twin, (url) =>
    isBlocked && url.startsWith("/binance-futures") ? { status: 451, body: "{}" } : undefined,
  );
  const metrics = ({ outcomes }: Awaited<ReturnType<TwinLab["run"]>>) =>
    outcomes
      .filter(({ step }) => step.action === "derive")
      .map(({ step, status }) => `${step.action === "derive" && step.series.step} ${status}`);
  const each = (...states: string[]) => states.flatMap((state) => [state, state, state]);
  const data = place();
  await using blocked = new TwinLab(data, front.settings);
  assert.deepEqual(metrics(await blocked.run(...all)), each("1h done", "4h deferred"));
  assert.deepEqual(metrics(await blocked.run(...all)), each("1h unchanged", "4h deferred"));
  isBlocked = false;
  await using open = new TwinLab(data, front.settings);
  assert.deepEqual(metrics(await open.run(...all)), each("1h done", "4h done"));
  await using whole = new TwinLab(place(), front.settings);
  await whole.run(...all);
  const files = (lab: TwinLab) => Object.entries(lab.contents()).filter(([key]) => key.endsWith(".parquet"));
  assert.deepEqual(files(open), files(whole));
});

describe("a symbol that is gone", () => {
  const gone = /LTCUSDT-\w+-2026-08-2\d|LTCUSDT-\w+-2026-08-1[5-9]/;
  for (const [topic, file] of [
    ["spot", /LTCUSDT-1h-2026-(?:07|07-2[01]|06|06-1[01])\.zip/],
    ["open-interest", /LTCUSDT-metrics-2026-(?:07-2[01]|06-1[01])\.zip/],
  ] as const) {
    test(`${topic}: a day without a file is a hole when its file can no longer be late, and waits until then`, async () => {
      const data = place();
      const asked = wish(topic, at("2026-06-05"), at("2026-08-20"), {
        venue: "binance",
        symbol: "LTCUSDT",
        period: "5m",
      });
      const missing = new RegExp(`${gone.source}|${file.source}`);
      const { outcomes } = await run(data, asked, missing, twin, { isGone: true });
      assert.deepEqual(notDone(outcomes), [
        ["2026-07-20", "deferred", "not-in-archive"],
        ["2026-07-21", "deferred", "not-in-archive"],
      ]);
      const holes = gapsByDay(outcomes).filter((gap) => (gap as unknown[])[2] !== 1);
      const bars = topic === "spot" ? 24 : 288;
      assert.deepEqual(holes, [
        ["2026-06-10", "not-published", bars],
        ["2026-06-11", "not-published", bars],
      ]);
      assert.ok(NOW < at("2026-07-21") + DAY + LATENESS && NOW > at("2026-06-12") + LATENESS);
      const after = await run(data, asked, gone, twin, { isGone: true });
      assert.ok(after.outcomes.every(({ status, gaps }) => status === "done" && gaps.length === 0));
      const whole = await run(place(), asked, gone, twin, { isGone: true });
      const july = (contents: Record<string, string>) =>
        Object.entries(contents).filter(([key]) => key.includes("mm=07"));
      assert.deepEqual(july(after.contents), july(whole.contents));
    });
  }
});

describe("a file that the host names and that it does not give out", () => {
  for (const [choice, archive, missing] of [
    ["auto", "listing", /BTCUSDT-metrics-2025-05-0[56]\.zip/],
    ["archive", "listing", /BTCUSDT-metrics-2025-05-0[56]\.zip/],
    ["auto", "files", /BTCUSDT-metrics-2025-05-0[56]\.zip$/],
    ["archive", "files", /BTCUSDT-metrics-2025-05-0[56]\.zip$/],
  ] as const) {
    const by = archive === "listing" ? "its list" : "a checksum";
    test(`by ${by} is no missing file, however old its days are: ${choice}`, async () => {
      const listing = await startTwin({ now: NOW, limits: false, archive });
      try {
        const [data, whole] = [place(), place()];
        const asked = openInterest("2025-05-03", "2025-05-10", { choice });
        const { outcomes } = await run(data, asked, missing, listing);
        assert.deepEqual(notDone(outcomes), [
          ["2025-05-05", "deferred", "not-in-archive"],
          ["2025-05-06", "deferred", "not-in-archive"],
        ]);
        const [refused] = outcomes.filter(({ error }) => error);
        assert.match(refused?.error?.message ?? "", /BTCUSDT-metrics-2025-05-05\.zip was not given out \(404\)/);
        assert.equal(
          refused?.error?.next,
          "candlelake ingest open-interest --symbol BTCUSDT --period 5m --date 2025-05-05 --synthetic",
        );
        assert.deepEqual(reasons((await run(data, asked, missing, listing)).outcomes), [
          ["2025-05-05", "missing", "deferred"],
          ["2025-05-06", "missing", "deferred"],
          ["2025-05-07", "a file was refused", "unchanged"],
        ]);
        const after = await run(data, asked, undefined, listing);
        assert.ok(after.outcomes.length === 3 && after.outcomes.every(({ status }) => status === "done"));
        assert.deepEqual(after.contents, (await run(whole, asked, undefined, listing)).contents);
      } finally {
        await listing.close();
      }
    });
  }
});

describe("--verify-archives asks for files that were given up", () => {
  const verify = true;
  for (const [what, asked, missing, days] of [
    // The first value of a day stands in the file of the day before.
    ["open interest", JULY, MISSING, ["2026-07-11", "2026-07-12", "2026-07-13"]],
    [
      "candles of the archive alone",
      wish("spot", at("2026-05-30"), at("2026-07-05"), { venue: "binance", choice: "archive" }),
      /BTCUSDT-1h-2026-06(?:-1[12])?\.zip/,
      ["2026-06-11", "2026-06-12"],
    ],
    [
      "funding of the archive alone",
      wish("funding", at("2026-05-30"), at("2026-08-05"), { venue: "binance", choice: "archive" }),
      /BTCUSDT-fundingRate-2026-06\.zip/,
      Array.from({ length: 30 }, (_, i) => `2026-06-${String(i + 1).padStart(2, "0")}`),
    ],
  ] as const) {
    test(`and brings in what is there now: ${what}`, async () => {
      const data = place();
      const settled = await run(data, asked, missing, later);
      assert.deepEqual(notDone(settled.outcomes), []);
      assert.deepEqual((await run(data, asked, missing, later, { verify })).outcomes, [], "nothing has come");
      assert.deepEqual((await run(data, asked, undefined, later)).outcomes, [], "nobody looks unless told to");
      const { outcomes, contents } = await run(data, asked, undefined, later, { verify });
      assert.deepEqual(
        reasons(outcomes),
        days.map((day) => [day, "a file that it lacked is there", "done"]),
      );
      const rows = (of: Record<string, string>) => Object.entries(of).filter(([key]) => key.endsWith(".parquet"));
      assert.deepEqual(rows(contents), rows((await run(place(), asked, undefined, later)).contents));
      assert.deepEqual(gapsByDay(outcomes), []);
      assert.deepEqual((await run(data, asked, undefined, later, { verify })).outcomes, []);
    });
  }

  test("and tells of one that cannot be trusted; its days stay", async () => {
    const data = place();
    const before = await run(data, JULY, MISSING, later);
    const { outcomes, contents } = await run(
      data,
      JULY,
      /metrics-2026-07-11\.zip\.CHECKSUM|metrics-2026-07-12/,
      later,
      {
        verify,
      },
    );
    assert.deepEqual(
      outcomes.map(({ step, status, error }) => [step.action === "fetch" && step.day, status, error?.code]),
      [["2026-07-11", "failed", "no-checksum"]],
    );
    assert.deepEqual(contents, before.contents);
  });
});
