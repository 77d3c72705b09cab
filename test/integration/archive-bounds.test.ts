// Where a series begins and ends as far as its files tell: a file that is missing is neither.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { DAY, dayOf, HOUR, iso } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { linesOf, SPOT, sumOf } from "../fakes/archive-files.ts";
import { at, place, twin } from "../fakes/archive-scene.ts";
import { wish } from "../fakes/lab.ts";
import { type Front, type Instead, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";
import { zipOf } from "../fakes/zip.ts";

const lab = (settings: Readonly<Record<string, string>>): TwinLab => new TwinLab(place(), settings);

const MAY = "BTCUSDT-1h-2026-05.zip";
const FIRST = at("2026-05-03") + 5 * HOUR;

/** The month's file without the rows before `FIRST`. */
const lines = await linesOf(twin, `${SPOT}/1h/${MAY}`);
const late = zipOf([
  {
    name: MAY.replace("zip", "csv"),
    data: lines
      .filter((line) => Number(line.split(",")[0]) >= FIRST * 1000)
      .map((line) => `${line}\n`)
      .join(""),
  },
]);
const headless = (url: string): Instead | undefined => {
  if (!url.includes(MAY)) return undefined;
  return { status: 200, body: url.endsWith(".CHECKSUM") ? `${sumOf(late)}  ${MAY}` : late };
};

/** A front whose files lack some. */
const without = (missing: RegExp, other: (url: string) => Instead | undefined = () => undefined): Promise<Front> =>
  startFront(twin, (url) => (missing.test(url) && !url.includes("/api/") ? NOT_THERE : other(url)));

const openInterest = (from: string, to: string, rest: Partial<Wish> = {}) =>
  wish("open-interest", at(from), at(to), { period: "5m", choice: "archive", ...rest });
const spot = (from: string, to: string, rest: Partial<Wish> = {}) =>
  wish("spot", at(from), at(to), { venue: "binance", choice: "archive", ...rest });
const funding = (from: string, to: string) => wish("funding", at(from), at(to), { choice: "archive" });

type Outcomes = Awaited<ReturnType<TwinLab["run"]>>["outcomes"];
const dayOfStep = ({ step }: Outcomes[number]): string => (step.action === "fetch" ? step.day : "");
const daysOf = (outcomes: Outcomes, status: string): string[] =>
  outcomes.filter((outcome) => outcome.status === status).map(dayOfStep);

/** Runs each list of wishes into a lake of its own, and compares what is there in the end. */
async function sameLakes(settings: Readonly<Record<string, string>>, ...ways: readonly (readonly Wish[])[]) {
  const contents = [];
  for (const way of ways) {
    await using lake = lab(settings);
    for (const one of way) await lake.run(one);
    contents.push(lake.contents());
  }
  for (const other of contents.slice(1)) assert.deepEqual(other, contents[0]);
  return contents[0] ?? {};
}

const listedOf = (contents: Readonly<Record<string, string>>): unknown[] => [
  ...new Set(
    Object.entries(contents).flatMap(([key, text]) => (key.startsWith("_manifests/") ? [JSON.parse(text).listed] : [])),
  ),
];

const until = (from: string, to: string): string[] =>
  Array.from({ length: (at(to) - at(from)) / DAY }, (_, i) => dayOf(at(from) + i * DAY));

describe("a file that is missing before the range is no listing", () => {
  test("of open interest: the days before it are still to be had, in any order", async () => {
    await using front = await without(/metrics-2026-03-15/);
    const parts = [
      openInterest("2026-03-16", "2026-03-20"),
      openInterest("2026-03-10", "2026-03-13"),
      openInterest("2026-03-01", "2026-04-01"),
    ];
    const contents = await sameLakes(front.settings, parts, parts.toReversed(), parts.slice(2));
    assert.deepEqual(listedOf(contents), [null]);
    await using lake = lab(front.settings);
    for (const part of parts.slice(0, 2)) await lake.run(part);
    const { outcomes } = await lake.run(openInterest("2026-03-01", "2026-04-01"));
    assert.deepEqual(daysOf(outcomes, "done").slice(0, 2), ["2026-03-01", "2026-03-02"]);
    const holes = outcomes.flatMap((outcome) => outcome.gaps.map(({ bars }) => [dayOfStep(outcome), bars]));
    assert.deepEqual(holes, [["2026-03-15", 288]]);
  });

  test("of funding: nor is a month", async () => {
    await using front = await without(/fundingRate-2026-03/);
    const parts = [
      funding("2026-04-01", "2026-05-01"),
      funding("2026-02-01", "2026-03-01"),
      funding("2026-02-01", "2026-05-01"),
    ];
    assert.deepEqual(listedOf(await sameLakes(front.settings, parts, parts.slice(2))), [null]);
  });

  test("of candles whose file lacks its first rows: what lies before the missing months tells", async () => {
    await using front = await without(/BTCUSDT-1h-2026-0(?:3|4|5-)/, headless);
    const ways = [spot("2026-05-02", "2026-05-08"), spot("2026-03-10", "2026-05-03")];
    const whole = [spot("2026-03-10", "2026-05-08")];
    assert.deepEqual(listedOf(await sameLakes(front.settings, ways, ways.toReversed(), whole)), [null]);
    await using lake = lab(front.settings);
    const { outcomes } = await lake.run(spot("2026-03-10", "2026-05-06"));
    assert.deepEqual(daysOf(outcomes, "done"), until("2026-03-10", "2026-05-06"));
    // The head of the file is a gap that is told, as the months before it are, and no time before a listing.
    const gaps = outcomes.flatMap((outcome) => outcome.gaps);
    const holes = until("2026-03-10", "2026-05-03").map((day) => [day, "not-fetched", 24]);
    assert.deepEqual(
      gaps.map(({ from, ...gap }) => [dayOf(from), gap.class, gap.bars]),
      [...holes, ["2026-05-03", "not-fetched", 5]],
    );
  });

  test("and where there is no file before, the first row is the listing, however the range is cut", async () => {
    await using front = await without(/BTCUSDT-1h-20(?:1|2[0-5]|26-0(?:[1-4]|5-))/, headless);
    const parts = [
      spot("2026-05-06", "2026-05-08"),
      spot("2026-05-04", "2026-05-07"),
      spot("2026-05-01", "2026-05-05"),
    ];
    const whole = [spot("2026-02-01", "2026-05-08")];
    const contents = await sameLakes(front.settings, parts, parts.toReversed(), whole);
    assert.deepEqual(listedOf(contents), [iso(FIRST)]);
    await using lake = lab(front.settings);
    await lake.run(...whole);
    await assert.rejects(lake.run(spot("2026-04-01", "2026-05-01")), { code: "before-listing" });
  });

  test("that is recorded all the same is put right, by the archive and by REST", async () => {
    for (const choice of ["archive", "auto"] as const) {
      for (const asked of [
        openInterest("2026-03-01", "2026-04-01", { choice }),
        openInterest("2026-03-10", "2026-03-12", { choice }),
        openInterest("2026-03-10", "2026-03-12", { choice, force: true }),
      ]) {
        await using lake = lab(twin.settings);
        await lake.run(openInterest("2026-03-16", "2026-03-18"));
        const manifest = `${lake.root}/_manifests/open_interest/synthetic_btcusdt_um_oi_5m_2026-03.json`;
        const told = JSON.parse(readFileSync(manifest, "utf8"));
        writeFileSync(manifest, JSON.stringify({ ...told, listed: "2026-03-16T00:05:00.000Z" }));
        await using again = new TwinLab(lake.data, twin.settings);
        const { outcomes } = await again.run(asked);
        assert.equal(outcomes[0] && dayOfStep(outcomes[0]), dayOf(asked.from));
        assert.ok(outcomes.every(({ status }) => status === "done" || status === "unchanged"));
        const { listed } = JSON.parse(readFileSync(manifest, "utf8"));
        assert.ok(choice === "archive" ? listed === null : listed < "2020", String(listed));
      }
    }
  });
});

describe("dates that the month's file is known to have wrong, and the archive alone", () => {
  for (const [what, choice] of [
    ["asked for", "archive"],
    ["there, REST blocked", "auto"],
  ] as const) {
    const blocked = (url: string): Instead | undefined =>
      choice === "auto" && url.startsWith("/binance-spot") ? { status: 451, body: "{}" } : undefined;

    test(`${what}: a whole month, one of whose days has a file of its own and one has none`, async () => {
      await using front = await without(/BTCUSDT-1h-2021-04-23/, blocked);
      await using lake = lab(front.settings);
      const { outcomes } = await lake.run(spot("2021-04-01", "2021-05-01", { choice }));
      assert.deepEqual(daysOf(outcomes, "done"), until("2021-04-01", "2021-05-01"));
      const { partitions } = lake.manifest("spot_klines/synthetic_btcusdt_spot_1h_2021-04.json");
      const of = (day: string) => partitions[day]?.archives;
      assert.deepEqual(of("2021-04-22"), ["BTCUSDT-1h-2021-04-22.zip"]);
      assert.deepEqual(of("2021-04-23"), ["BTCUSDT-1h-2021-04.zip"]);
      assert.deepEqual(of("2021-04-30"), ["BTCUSDT-1h-2021-04.zip"]);
    });

    for (const [from, to] of [
      ["2021-04-23", "2021-05-01"],
      ["2020-12-21", "2020-12-24"],
      ["2020-12-18", "2020-12-22"],
      ["2021-09-23", "2021-09-30"],
    ] as const) {
      test(`${what}: ${from} to ${to} of months alone, and nothing else`, async () => {
        await using front = await without(/BTCUSDT-1h-\d{4}-\d\d-\d\d/, blocked);
        await using lake = lab(front.settings);
        const { outcomes } = await lake.run(spot(from, to, { choice }));
        assert.deepEqual(outcomes.map(dayOfStep), until(from, to));
        assert.deepEqual(daysOf(outcomes, "done"), until(from, to));
      });
    }
  }
});

describe("a file at the edge of a series that cannot be taken fails its own days", () => {
  const [first, last] = ["BTCUSDT-1h-2026-03.zip", "BTCUSDT-1h-2026-05.zip"];
  const only = /BTCUSDT-1h-20(?:1|2[0-5]|26-0(?:[12]|[3-9]-|[6-9]))/;
  const flaws: Record<string, (url: string, file: string) => Instead | undefined> = {
    "no checksum": (url, file) => (url.includes(`${file}.CHECKSUM`) ? NOT_THERE : undefined),
    "a checksum that is none": (url, file) =>
      url.includes(`${file}.CHECKSUM`) ? { status: 200, body: "nonsense" } : undefined,
    "a page for browsers": (url, file) =>
      url.endsWith(file) ? { status: 200, body: "<html>moved</html>" } : undefined,
  };
  for (const [what, flaw] of Object.entries(flaws)) {
    for (const [edge, file, bad] of [
      ["first", first, until("2026-03-01", "2026-04-01")],
      ["last", last, until("2026-05-01", "2026-06-01")],
    ] as const) {
      for (const way of ["the archive alone", "REST that does not know the symbol"] as const) {
        test(`${what} of the ${edge} one: ${way}`, async () => {
          const gone: Instead = { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' };
          await using front = await without(only, (url) =>
            way !== "the archive alone" && url.includes("/klines?") ? gone : flaw(url, file),
          );
          await using lake = lab(front.settings);
          const choice = way === "the archive alone" ? "archive" : "auto";
          const { outcomes } = await lake.run(spot("2026-01-01", "2026-06-01", { choice }));
          assert.deepEqual(daysOf(outcomes, "failed"), bad);
          const all = until("2026-03-01", "2026-06-01");
          assert.deepEqual(
            daysOf(outcomes, "done"),
            all.filter((day) => !bad.includes(day)),
          );
        });
      }
    }
  }

  test("and is looked into again when it can be: the first row is the listing, as if it had been right at once", async () => {
    const gone: Instead = { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' };
    let isBad = true;
    const of = (url: string): Instead | undefined => {
      if (url.includes("/klines?")) return gone;
      return isBad && url.includes(`${MAY}.CHECKSUM`) ? { status: 200, body: "nonsense" } : headless(url);
    };
    await using front = await without(/BTCUSDT-1h-20(?:1|2[0-5]|26-0(?:[1-4]|5-|6\.|6-[123]|[78]))/, of);
    const asked = spot("2026-01-01", "2026-07-01", { choice: "auto" });
    await using lake = lab(front.settings);
    assert.deepEqual(daysOf((await lake.run(asked)).outcomes, "failed"), until("2026-05-01", "2026-06-01"));
    isBad = false;
    await using again = new TwinLab(lake.data, front.settings);
    await again.run(asked);
    await using fresh = lab(front.settings);
    await fresh.run(asked);
    assert.deepEqual(again.contents(), fresh.contents());
    assert.deepEqual(listedOf(again.contents()), [iso(FIRST)]);
    assert.deepEqual((await again.run(asked)).outcomes, []);
  });
});
