// Holes in a month's file, and who fills them; rows in which two sources differ, and what is kept of it.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, describe, test } from "node:test";
import { HOUR } from "../../src/core/time.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { bytesOf, linesOf, NOW, SPOT, sumOf } from "../fakes/archive-files.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";
import { zipOf } from "../fakes/zip.ts";

const MONTH = "BTCUSDT-1h-2025-02";
const DAY = "2025-02-14";
const DAILY = `data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-${DAY}.zip`;
const MONTHLY = `${SPOT}/1h/${MONTH}.zip`;
const MANIFEST = "spot_klines/binance_btcusdt_spot_1h_2025-02.json";
const february = wish("spot", Date.UTC(2025, 1, 1), Date.UTC(2025, 2, 1), { venue: "binance" });

/**
 * February as a recording: the month's file, the file of one day, and REST with every hour. A recording is no made
 * market, so that rows say which source they are from.
 */
const folder = new TemporaryFolder("memory");
const made = await startTwin({ now: NOW, limits: false });
const lines = await linesOf(made, MONTHLY);
const place = (path: string, bytes: string | Uint8Array): void => {
  mkdirSync(dirname(folder.join("recorded", path)), { recursive: true });
  writeFileSync(folder.join("recorded", path), bytes);
};
place(`csv/spot_1h/${MONTH}.csv`, lines.map((line) => `${line}\n`).join(""));
place(`vision/${DAILY}`, await bytesOf(made, DAILY));
place(`vision/${DAILY}.CHECKSUM`, await bytesOf(made, `${DAILY}.CHECKSUM`));
await made.close();
after(() => folder[Symbol.dispose]());

let count = 0;
async function over(faults: string, body: (lab: TwinLab, twin: Twin) => Promise<void>): Promise<void> {
  const twin = await startTwin({ replay: folder.join("recorded"), now: NOW, faults, limits: false });
  await using lab = new TwinLab(folder.join(`lake ${count++}`), twin.settings);
  try {
    await body(lab, twin);
  } finally {
    await twin.close();
  }
}

/** The sources of a day's rows, hour by hour. */
async function hours(lab: TwinLab, day: string): Promise<unknown[]> {
  const range = `open_time >= TIMESTAMPTZ '${day}' AND open_time < TIMESTAMPTZ '${day}' + INTERVAL 1 DAY`;
  const rows = await lab.queryLake(`SELECT source FROM spot_klines WHERE ${range} ORDER BY open_time`);
  return rows.map(({ source }) => source);
}

const times = (count: number, word: string): string[] => Array.from({ length: count }, () => word);

/** Volumes as the file has them, whoever brought them. */
async function assertVolumes(lab: TwinLab): Promise<void> {
  const rows = await lab.queryLake("SELECT volume FROM spot_klines ORDER BY open_time");
  assert.deepEqual(
    rows.map(({ volume }) => volume),
    lines.map((line) => Number(line.split(",")[5])),
  );
}

// 30 hours in the middle of the month: from the 14th, 09:00, to the 15th, 14:00.
const HOLE = `csv-hole:30@/${MONTH}.zip`;

/** The month's file has a row twice, with two values, and the day of it has no file of its own. */
async function overRefused(faults: string, data: string, body: (lab: TwinLab) => Promise<void>): Promise<void> {
  await over(`csv-conflict@/${MONTH}.zip${faults}`, async (_, twin) => {
    await using front = await startFront(twin, (url) => (url.includes(DAILY) ? NOT_THERE : undefined));
    await using lab = new TwinLab(data, front.settings);
    await body(lab);
  });
}

describe("a hole in a month's file", () => {
  test("is filled from the day's own file, and where there is none from REST", () =>
    over(HOLE, async (lab, twin) => {
      const { outcomes } = await lab.run(february);
      assert.equal(outcomes.length, 28);
      assert.ok(outcomes.every(({ status, gaps }) => status === "done" && gaps.length === 0));
      const { partitions, archives } = lab.manifest(MANIFEST);
      const of = (day: string) => [partitions[day]?.source, partitions[day]?.archives, partitions[day]?.rows];
      assert.deepEqual(of(DAY), ["archive-daily", [`BTCUSDT-1h-${DAY}.zip`, `${MONTH}.zip`], 24]);
      assert.deepEqual(of("2025-02-15"), ["rest+archive-monthly", [`${MONTH}.zip`], 24]);
      assert.deepEqual(of("2025-02-16"), ["archive-monthly", [`${MONTH}.zip`], 24]);
      assert.deepEqual(await hours(lab, DAY), times(24, "archive-daily"));
      assert.deepEqual(await hours(lab, "2025-02-15"), [...times(15, "rest"), ...times(9, "archive-monthly")]);
      assert.deepEqual(Object.keys(archives ?? {}), [`BTCUSDT-1h-${DAY}.zip`, `${MONTH}.zip`]);
      await assertVolumes(lab);
      assert.ok(Object.values(partitions).every(({ disagreements }) => disagreements === undefined));
      // REST is asked for what is missing and for nothing else.
      const asked = twin.requests.filter(({ query }) => query.includes("endTime"));
      assert.deepEqual(
        asked.map(({ query }) => new URLSearchParams(query).get("startTime")),
        [String(Date.UTC(2025, 1, 15))],
      );
      assert.deepEqual((await lab.run(february)).outcomes, []);
    }));

  test("that the day's own file has too is REST's", () =>
    over(`${HOLE}, csv-hole:3@/BTCUSDT-1h-${DAY}`, async (lab) => {
      await lab.run(february);
      // The day's file lacks the hours of its middle, which the month's lacks too.
      assert.deepEqual(await hours(lab, DAY), [
        ...times(10, "archive-daily"),
        ...times(3, "rest"),
        ...times(11, "archive-daily"),
      ]);
      assert.equal(lab.manifest(MANIFEST).partitions[DAY]?.source, "archive-daily+rest");
      await assertVolumes(lab);
    }));

  test("is told where REST is not to be asked, and asked for by the next run that may", () =>
    over(HOLE, async (lab, twin) => {
      const { outcomes } = await lab.run({ ...february, choice: "archive" });
      assert.ok(outcomes.every(({ status }) => status === "done"));
      const gap = { from: "2025-02-15T00:00:00.000Z", to: "2025-02-15T15:00:00.000Z", class: "not-fetched", bars: 15 };
      assert.deepEqual(lab.manifest(MANIFEST).partitions["2025-02-15"]?.gaps, [gap]);
      assert.ok(twin.requests.every(({ host }) => host?.startsWith("binance-archive")));
      assert.deepEqual((await lab.run({ ...february, choice: "archive" })).outcomes, []);

      const again = await lab.run(february);
      assert.deepEqual(
        again.outcomes.map(({ step, status }) => [step.action === "fetch" && step.day, step.reason, status]),
        [["2025-02-15", "a gap was not asked for", "done"]],
      );
      await assertVolumes(lab);
      assert.deepEqual((await lab.run(february)).outcomes, []);
    }));

  test("of which REST is blocked: the rest of the day is done, and the day is asked for again", async () => {
    await over(`${HOLE}, 451@/binance-spot`, async (lab) => {
      const { outcomes } = await lab.run(february);
      const [blocked, ...others] = outcomes.filter(({ status }) => status !== "done");
      assert.ok(blocked?.step.action === "fetch");
      assert.deepEqual(
        [blocked.step.day, blocked.status, blocked.error?.code, blocked.rows, others],
        ["2025-02-15", "deferred", "geo-blocked", 9, []],
      );
      assert.equal(lab.manifest(MANIFEST).partitions["2025-02-15"]?.gaps[0]?.class, "not-fetched");
      await over("", async (_, free) => {
        await using other = new TwinLab(lab.root, free.settings);
        assert.equal((await other.run(february)).outcomes.length, 1);
        await assertVolumes(other);
      });
    });
  });

  for (const [what, fault] of [
    ["has the row", ""],
    // The first page of REST tells where the series begins.
    ["has nothing either", ", empty@/api/v3/klines@2-"],
    ["sends one that cannot be either", ", impossible@/api/v3/klines@2-"],
  ] as const) {
    for (const [why, blocked, asked, status] of [
      ["was blocked", ", 451@/binance-spot", february, "deferred"],
      ["was not asked", "", { ...february, choice: "archive" as const }, "done"],
    ] as const) {
      test(`which is a refused row's: REST ${why}, is asked by the next run that may, and ${what}`, async () => {
        await using whole = new TwinLab(folder.join(`lake ${count++}`), {});
        await overRefused(fault, whole.data, async (lab) => void (await lab.run(february)));
        await using struck = new TwinLab(folder.join(`lake ${count++}`), {});
        await overRefused(blocked, struck.data, async (lab) => {
          const { outcomes } = await lab.run(asked);
          assert.deepEqual(
            outcomes
              .filter(({ gaps }) => gaps.length > 0)
              .map((outcome) => [outcome.status, outcome.gaps.map((gap) => [gap.class, gap.bars])]),
            [[status, [["quarantined", 1]]]],
          );
          const again = await lab.run(asked);
          assert.deepEqual(
            again.outcomes.map((outcome) => outcome.status),
            status === "done" ? [] : [status],
          );
        });
        await overRefused(fault, struck.data, async (lab) => {
          const { outcomes } = await lab.run(february);
          assert.deepEqual(
            outcomes.map(({ step }) => step.reason),
            ["a gap was not asked for"],
          );
          assert.deepEqual((await lab.run(february)).outcomes, []);
        });
        assert.deepEqual(struck.contents(), whole.contents());
      });
    }
  }

  test("that nobody fills is a gap, and is asked about once", () =>
    // The first page of REST tells where the series begins.
    over(`${HOLE}, csv-hole:3@/BTCUSDT-1h-${DAY}, empty@/api/v3/klines@2-`, async (lab, twin) => {
      const { outcomes } = await lab.run(february);
      assert.ok(outcomes.every(({ status }) => status === "done"));
      const gaps = Object.values(lab.manifest(MANIFEST).partitions).flatMap((entry) => entry.gaps);
      assert.deepEqual(gaps, [
        { from: "2025-02-14T10:00:00.000Z", to: "2025-02-14T13:00:00.000Z", class: "unknown", bars: 3 },
        { from: "2025-02-15T00:00:00.000Z", to: "2025-02-15T15:00:00.000Z", class: "unknown", bars: 15 },
      ]);
      const before = twin.requests.length;
      assert.deepEqual((await lab.run(february)).outcomes, []);
      assert.deepEqual(
        twin.requests.slice(before).map(({ path }) => path),
        [],
      );
    }));

  const FLAWS = `${HOLE}, zip-two@/BTCUSDT-1h-${DAY}`;

  test("and a day's own file that is refused: REST has the rest, and the refusal is told until it is settled", () =>
    over(FLAWS, async (lab) => {
      // However it is asked for again: what is stored is read anew by force alone.
      for (const [planned, choice] of [
        [28, "auto"],
        [1, "auto"],
        [1, "archive"],
      ] as const) {
        const { outcomes } = await lab.run({ ...february, choice });
        assert.equal(outcomes.length, planned);
        assert.ok(outcomes.every(({ gaps }) => gaps.length === 0));
        const bad = outcomes.filter(({ status }) => status === "failed");
        assert.deepEqual(
          bad.map(({ step, error }) => [step.action === "fetch" && step.day, error?.code, error?.next]),
          [
            [
              DAY,
              "zip-members",
              `candlelake ingest spot --venue binance --symbol BTCUSDT --interval 1h --date ${DAY} --force --source rest`,
            ],
          ],
        );
        assert.equal(lab.manifest(MANIFEST).partitions[DAY]?.rows, 24);
      }
      const day = Date.parse(`${DAY}T00:00:00Z`);
      const { outcomes } = await lab.run({ ...february, from: day, to: day + 24 * HOUR, force: true, choice: "rest" });
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ["unchanged"],
      );
      assert.deepEqual((await lab.run(february)).outcomes, []);
    }));

  test("and a day's own file that could not be asked for: it is compared when it can be", () =>
    over(HOLE, async (_, twin) => {
      let isDown = true;
      await using front = await startFront(twin, (url) =>
        isDown && url.includes(DAILY) ? { status: 403, body: "no" } : undefined,
      );
      await using lab = new TwinLab(folder.join("asked later"), front.settings);
      const { outcomes } = await lab.run(february);
      assert.deepEqual(
        outcomes.flatMap(({ status, step }) =>
          status === "done" || step.action !== "fetch" ? [] : [step.day, status],
        ),
        [DAY, "deferred"],
      );
      isDown = false;
      await using again = new TwinLab(folder.join("asked later"), front.settings);
      const later = await again.run(february);
      assert.deepEqual(
        later.outcomes.map(({ step, status }) => [step.action === "fetch" && step.day, status]),
        [[DAY, "unchanged"]],
      );
      const { source, confirmedBy } = again.manifest(MANIFEST).partitions[DAY] ?? {};
      assert.deepEqual([source, confirmedBy], ["rest+archive-monthly", "archive-daily"]);
      assert.deepEqual((await again.run(february)).outcomes, []);
    }));

  test("which REST cannot fill either: the day fails by the refused file's name, and nothing else", () =>
    over(`${FLAWS}, 451@/binance-spot/api/v3/klines`, async (lab) => {
      const { outcomes } = await lab.run(february);
      const bad = outcomes.filter(({ status }) => status === "failed");
      assert.deepEqual(
        bad.map(({ step, status, error }) => [step.action === "fetch" && step.day, status, error?.code]),
        [[DAY, "failed", "zip-members"]],
      );
      assert.equal(lab.manifest(MANIFEST).partitions[DAY], undefined);
    }));
});

describe("sources that differ", () => {
  const at = lines.findIndex((line) => line.startsWith(String(Date.UTC(2025, 1, 14, 5))));
  const missing = lines.findIndex((line) => line.startsWith(String(Date.UTC(2025, 1, 14, 12))));
  const other = lines.map((line, i) => (i === at ? line.split(",").with(5, "7.5").with(9, "1.25").join(",") : line));
  const zip = zipOf([
    {
      name: `${MONTH}.csv`,
      data: other
        .filter((_, i) => i !== missing)
        .map((line) => `${line}\n`)
        .join(""),
    },
  ]);
  const checksum = `${sumOf(zip)}  ${MONTH}.zip`;

  test("the day's own file decides, and the manifest keeps both values", () =>
    over("", async (_, twin) => {
      await using front = await startFront(twin, (url) => {
        if (!url.includes(`${MONTH}.zip`)) return undefined;
        return { status: 200, body: url.endsWith(".CHECKSUM") ? checksum : zip };
      });
      await using lab = new TwinLab(folder.join("different"), front.settings);
      const { outcomes } = await lab.run(february);
      assert.ok(outcomes.every(({ status }) => status === "done"));
      const { partitions } = lab.manifest(MANIFEST);
      const right = lines[at]?.split(",") ?? [];
      assert.deepEqual(partitions[DAY]?.disagreements, [
        {
          time: "2025-02-14T05:00:00.000Z",
          kept: "archive-daily",
          dropped: "archive-monthly",
          columns: { volume: [Number(right[5]), 7.5], taker_buy_base_volume: [Number(right[9]), 1.25] },
        },
      ]);
      assert.deepEqual(
        partitions[DAY]?.notes.filter(({ kind }) => kind === "disagreement"),
        [{ kind: "disagreement", count: 1 }],
      );
      await assertVolumes(lab);
      assert.deepEqual(
        Object.entries(partitions).flatMap(([day, { disagreements }]) => (disagreements ? [day] : [])),
        [DAY],
      );
      const [row] = await lab.queryLake(
        "SELECT volume, source FROM spot_klines WHERE open_time = TIMESTAMPTZ '2025-02-14 05:00:00+00'",
      );
      assert.deepEqual(row, { volume: Number(right[5]), source: "archive-daily" });
      assert.deepEqual((await lab.run(february)).outcomes, []);
    }));

  test("where only the month's file has the row it is kept, whatever is said of others", () =>
    over(`csv-hole:3@/BTCUSDT-1h-${DAY}`, async (_, twin) => {
      // The day's file lacks 10:00 to 12:00, the month's 12:00: two hours are the month's, one is REST's.
      await using front = await startFront(twin, (url) => {
        if (!url.includes(`${MONTH}.zip`)) return undefined;
        return { status: 200, body: url.endsWith(".CHECKSUM") ? checksum : zip };
      });
      await using lab = new TwinLab(folder.join("both"), front.settings);
      await lab.run(february);
      assert.deepEqual(await hours(lab, DAY), [
        ...times(10, "archive-daily"),
        ...times(2, "archive-monthly"),
        "rest",
        ...times(11, "archive-daily"),
      ]);
      assert.equal(lab.manifest(MANIFEST).partitions[DAY]?.source, "archive-daily+archive-monthly+rest");
      await assertVolumes(lab);
    }));
});
