// Funding and open interest of all times, stitched from archive and REST, and what candles know of them.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { HOUR, MINUTE } from "../../src/core/time.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { Cli, type WorkAnswer } from "../cli/process.ts";
import { NOW } from "../fakes/archive-files.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const PERIOD = 5 * MINUTE;
const at = (text: string): number => Date.parse(`${text}T00:00:00Z`);

const folder = new TemporaryFolder("memory");
/** As the venue: thirty days of open interest over REST. */
const twin = await startTwin({ now: NOW, limits: false });
/** REST still has what the archive has from before and after its labels changed. */
const SUMMER = Date.UTC(2026, 6, 10, 12);
const summer = await startTwin({ now: SUMMER, limits: false });
after(async () => {
  await Promise.all([twin.close(), summer.close()]);
  folder[Symbol.dispose]();
});

let count = 0;
const lab = (from = twin): TwinLab => new TwinLab(folder.join(`lake ${count++}`), from.settings);

const openInterest = (from: string, to?: string) =>
  wish("open-interest", at(from), to === undefined ? undefined : at(to), { period: "5m" });
const funding = (from: string, to?: string) => wish("funding", at(from), to === undefined ? undefined : at(to));
const overRest = <T extends object>(asked: T) => ({ ...asked, choice: "rest" as const });

/** Content hashes by month and day of a table. */
function contents(of: TwinLab, table: string): Record<string, string> {
  const manifests = Object.entries(of.contents()).filter(([key]) => key.startsWith(`_manifests/${table}/`));
  const days = manifests.flatMap(([, text]) =>
    Object.entries(JSON.parse(text).partitions as Record<string, { content: string }>),
  );
  return Object.fromEntries(days.map(([day, { content }]) => [day, content]));
}

const STAMPS = "SELECT time, open_interest, open_interest_value FROM open_interest ORDER BY time";

/** Runs both ways, and gives the lakes to look at. */
async function bothWays(
  from: Twin,
  asked: ReturnType<typeof wish>,
  look: (stitched: TwinLab, rest: TwinLab) => Promise<void>,
) {
  await using stitched = lab(from);
  await using rest = lab(from);
  for (const [way, request] of [
    [stitched, asked],
    [rest, overRest(asked)],
  ] as const) {
    const { outcomes, fatal } = await way.run(request);
    assert.equal(fatal, undefined);
    assert.ok(outcomes.every(({ status }) => status === "done"));
  }
  await look(stitched, rest);
}

describe("open interest", () => {
  test("from the archive and the last day over REST: every value at its instant, over the change of labels", () =>
    bothWays(summer, openInterest("2026-06-22"), async (stitched, rest) => {
      assert.deepEqual(contents(stitched, "open_interest"), contents(rest, "open_interest"));
      const rows = await stitched.queryLake(STAMPS);
      assert.deepEqual(rows, await rest.queryLake(STAMPS));
      assert.deepEqual(
        rows.map(({ time }) => Date.parse(String(time))),
        Array.from({ length: (SUMMER - at("2026-06-22")) / PERIOD + 1 }, (_, i) => at("2026-06-22") + i * PERIOD),
      );
      const zips = summer.requests.filter(
        ({ path, status }) => path.includes("/metrics/") && path.endsWith(".zip") && status === 200,
      );
      // A day's first value stands in the file of the day before.
      assert.equal(zips.length, 1 + (at("2026-07-10") - at("2026-06-22")) / (24 * HOUR));
      assert.deepEqual((await stitched.run(openInterest("2026-06-22"))).outcomes, []);
    }));

  test("that REST no longer has comes from the archive, and from nowhere without it", async () => {
    const asked = openInterest("2025-03-01", "2025-03-04");
    await using archived = lab();
    assert.ok((await archived.run(asked)).outcomes.every(({ gaps }) => gaps.length === 0));
    assert.deepEqual(await archived.queryLake("SELECT count(*) AS n FROM open_interest"), [{ n: 3 * 288 }]);
    await using gone = lab();
    const { outcomes } = await gone.run(overRest(asked));
    assert.ok(outcomes.every(({ status, gaps }) => status === "done" && gaps[0]?.class === "not-published"));
    // Asked again, the archive may be taken: what is settled stays so until it is forced.
    const forced = await gone.run({ ...asked, force: true });
    assert.ok(forced.outcomes.every(({ rows, gaps }) => rows === 288 && gaps.length === 0));
    assert.deepEqual(contents(gone, "open_interest"), contents(archived, "open_interest"));
  });

  test("of the archive's first day lacks its first midnight, which nobody has", async () => {
    await using first = lab();
    const { outcomes } = await first.run(openInterest("2020-08-31", "2020-09-03"));
    assert.deepEqual(
      outcomes.map(({ step, rows, gaps }) => [
        step.action === "fetch" && step.day,
        rows,
        gaps.map((gap) => [gap.class, gap.bars]),
      ]),
      [
        ["2020-08-31", 0, [["not-published", 288]]],
        ["2020-09-01", 287, [["not-published", 1]]],
        ["2020-09-02", 288, []],
      ],
    );
  });

  for (const fault of ["bad-checksum", "503", "zip-two", "csv-other-symbol"]) {
    test(`of a file that fails: ${fault}; its day waits, the next one lacks its midnight, and nothing later`, async () => {
      const bad = await startTwin({ now: NOW, limits: false, faults: `${fault}@/BTCUSDT-metrics-2026-03-10` });
      try {
        const asked = openInterest("2026-03-09", "2026-03-13");
        const midnight = { from: at("2026-03-11"), to: at("2026-03-11") + PERIOD, class: "not-fetched", bars: 1 };
        await using struck = lab(bad);
        for (const way of [asked, { ...asked, choice: "archive" as const }]) {
          const { outcomes } = await struck.run(way);
          const settled = way === asked ? ["done", "failed", "done", "done"] : ["failed", "unchanged"];
          assert.deepEqual(
            outcomes.map(({ status }) => status),
            settled,
          );
          const next = outcomes.find(({ step }) => step.action === "fetch" && step.day === "2026-03-11");
          assert.deepEqual(next?.gaps, [midnight]);
        }
        const failing = (await struck.run(asked)).outcomes.find(({ status }) => status === "failed");
        // It is older than what REST keeps.
        const way = "candlelake ingest open-interest --symbol BTCUSDT --period 5m --date 2026-03-10 --synthetic";
        if (fault !== "503") assert.equal(failing?.error?.next, way);
        await using mended = new TwinLab(struck.data, twin.settings);
        await using whole = lab();
        const { outcomes } = await mended.run(asked);
        assert.ok(outcomes.every(({ status, revised }) => status === "done" && !revised));
        await whole.run(asked);
        assert.deepEqual(mended.contents(), whole.contents());
        // What is there stays there, and the file is named.
        await using again = new TwinLab(struck.data, bad.settings);
        const forced = await again.run({ ...asked, force: true });
        const failed = forced.outcomes.filter(({ status }) => status === "failed");
        assert.equal(failed.length, 2);
        assert.ok(failed.every(({ error }) => error?.message.includes("BTCUSDT-metrics-2026-03-10.zip")));
      } finally {
        await bad.close();
      }
    });
  }

  test("of the very instant at which the clock stands is asked for and there", async () => {
    await using now = lab();
    const { outcomes } = await now.run(openInterest("2026-08-30"));
    assert.deepEqual(
      outcomes.map(({ rows, gaps }) => [rows, gaps]),
      [[(NOW - at("2026-08-30")) / PERIOD + 1, []]],
    );
  });

  test("of other periods than five minutes is REST's", async () => {
    await using hourly = lab();
    const begun = twin.requests.length;
    const { outcomes } = await hourly.run({ ...openInterest("2026-08-28"), period: "1h" });
    assert.ok(
      outcomes.every(({ step, status }) => status === "done" && step.action === "fetch" && step.route === "rest"),
    );
    assert.deepEqual([...new Set(twin.requests.slice(begun).map(({ host }) => host))], ["binance-futures"]);
  });
});

describe("funding", () => {
  test("from the first event of all: REST before the archive begins and after its last month", () =>
    bothWays(twin, funding("2019-09"), async (stitched, rest) => {
      const columns = "funding_time, funding_rate, symbol, venue";
      const rows = (of: TwinLab, what = columns) =>
        of.queryLake(`SELECT ${what} FROM funding_rates ORDER BY funding_time`);
      assert.deepEqual(await rows(stitched), await rows(rest));
      assert.deepEqual(await rows(stitched, "interval_hours"), await rows(rest, "interval_hours"));
      // The archive has no mark prices; they are missing and not made up.
      const marked = await stitched.queryLake(
        "SELECT strftime(funding_time, '%Y-%m') AS month, count(mark_price) AS n FROM funding_rates GROUP BY 1 ORDER BY 1",
      );
      const archived = marked.filter(({ month }) => String(month) >= "2020-01" && String(month) <= "2026-07");
      assert.equal(archived.length, 79);
      assert.ok(archived.every(({ n }) => n === 0));
      const early = contents(rest, "funding_rates");
      const whole = contents(stitched, "funding_rates");
      const isRest = (day: string) => day < "2020-01" || day >= "2026-08";
      for (const day of Object.keys(early).filter(isRest)) assert.equal(whole[day], early[day], day);
      assert.deepEqual((await stitched.run(funding("2019-09"))).outcomes, []);
    }));

  test("a conflict in a month's file is set aside, and REST has the event", async () => {
    const bad = await startTwin({ now: NOW, limits: false, faults: "csv-conflict@/BTCUSDT-fundingRate-2026-04" });
    try {
      await using struck = lab(bad);
      const { outcomes } = await struck.run(funding("2026-04", "2026-05"));
      assert.ok(outcomes.every(({ status, gaps }) => status === "done" && gaps.length === 0));
      assert.equal(
        outcomes.reduce((sum, { quarantined }) => sum + quarantined, 0),
        2,
      );
      await using whole = lab();
      await whole.run(funding("2026-04", "2026-05"));
      const rows = (of: TwinLab) =>
        of.queryLake("SELECT * EXCLUDE (mark_price) FROM funding_rates ORDER BY funding_time");
      assert.deepEqual(await rows(struck), await rows(whole));
    } finally {
      await bad.close();
    }
  });
});

describe("futures", () => {
  test("over the archive are what they are over REST: the same candles, and the same known at each close", () =>
    bothWays(summer, wish("futures", at("2026-06-23"), at("2026-06-28"), { period: "5m" }), async (stitched, rest) => {
      for (const table of ["futures_klines", "open_interest", "futures_metrics"]) {
        assert.equal(Object.keys(contents(stitched, table)).length, 5, table);
        assert.deepEqual(contents(stitched, table), contents(rest, table), table);
      }
      const early = await stitched.queryLake(
        "SELECT count(*) AS n FROM futures_metrics WHERE open_interest_time > ts OR funding_time > ts",
      );
      assert.deepEqual(early, [{ n: 0 }]);
      const known = await stitched.queryLake(
        "SELECT DISTINCT epoch_ms(ts) - epoch_ms(open_interest_time) AS age FROM futures_metrics ORDER BY 1",
      );
      assert.deepEqual(
        known,
        [{ age: PERIOD - 1 }],
        "the last value before the close, of the whole five minutes before",
      );
    }));

  test("a command line says where each table is from", async () => {
    using cli = Cli.at(twin.settings);
    const ended = await cli.run(
      ...["ingest", "futures", "--symbol", "BTCUSDT", "--interval", "1h", "--from", "2026-07-30", "--format", "json"],
    );
    const { steps } = ended.exits(0).json<WorkAnswer>();
    const reasons = (table: string) =>
      [...Map.groupBy(steps, (step) => (step.table === table ? step.because : undefined))]
        .filter(([because]) => because !== undefined)
        .map(([because, group]) => [because, group.length]);
    const [month, day, tail] = [
      "the month's file is out",
      "the day's file is out, the month's is not",
      "no archive file is out yet",
    ];
    assert.deepEqual(reasons("futures_klines"), [
      [month, 2],
      [day, 29],
      [tail, 1],
    ]);
    assert.deepEqual(reasons("funding_rates"), [
      [month, 2],
      [tail, 30],
    ]);
    assert.deepEqual(reasons("open_interest"), [
      ["the archive has it by day", 31],
      [tail, 1],
    ]);
    assert.equal(steps.filter(({ action }) => action === "derive").length, 32);
  });

  test("in the lake follow their funding and open interest, whatever command brings these anew", async () => {
    const hourly = wish("futures", at("2026-03-02"), at("2026-03-05"), { period: "5m" });
    const quarterly: typeof hourly = { ...hourly, interval: "15m", from: at("2026-03-03") };
    const day = { ...hourly, from: at("2026-03-03"), to: at("2026-03-04"), force: true };
    const derived = async (of: TwinLab, asked: typeof hourly) => {
      const { outcomes, fatal } = await of.run(asked);
      assert.equal(fatal, undefined);
      return outcomes.flatMap(({ step, status }) =>
        step.action === "derive" ? [[step.series.step, step.day, status]] : [],
      );
    };
    const each = (days: readonly string[], status: string) =>
      ["15m", "1h"].flatMap((step) => days.map((one) => [step, one, status]));
    await using first = lab();
    assert.equal((await first.run(hourly, quarterly)).fatal, undefined);
    // Over REST events have mark prices: other rows, of which metrics take the same. The day after looks back at them.
    const both = each(["2026-03-03", "2026-03-04"], "unchanged");
    assert.deepEqual(await derived(first, { ...day, topic: "funding", choice: "rest" }), both);
    // Candles of one interval bring events that those of the other look up too.
    assert.deepEqual(await derived(first, { ...day, interval: "15m" }), both);
    const tail = { ...hourly, from: at("2026-08-28"), to: at("2026-08-29") };
    await first.run(tail);
    assert.deepEqual(
      await derived(first, { ...tail, topic: "open-interest", period: "1h" }),
      [],
      "another period is none of theirs",
    );
    const other = await startTwin({ now: NOW, limits: false, seed: 7 });
    try {
      await using later = new TwinLab(first.data, other.settings);
      // No close of the day after looks back over midnight for its open interest.
      assert.deepEqual(await derived(later, { ...day, topic: "open-interest" }), each(["2026-03-03"], "done"));
      assert.deepEqual((await later.run(hourly, quarterly)).outcomes, []);
    } finally {
      await other.close();
    }
  });
});
