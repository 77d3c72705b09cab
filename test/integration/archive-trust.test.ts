// What a bulk archive does wrong, over the whole chain: one month's trouble, named, and nothing else's.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { Cli, type WorkAnswer } from "../cli/process.ts";
import { NOW } from "../fakes/archive-files.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const spot = wish("spot", Date.UTC(2025, 0, 1), Date.UTC(2025, 3, 1), { venue: "binance" });
/** The path of February's file alone: days' files go on with a dash. */
const FEBRUARY = "@/BTCUSDT-1h-2025-02.zip";
const MANIFEST = "spot_klines/synthetic_btcusdt_spot_1h_2025-02.json";

const folder = new TemporaryFolder("memory");
const whole = await startTwin({ now: NOW, limits: false });
const complete = new TwinLab(folder.join("whole"), whole.settings);
after(async () => {
  await complete[Symbol.asyncDispose]();
  await whole.close();
  folder[Symbol.dispose]();
});
const { outcomes: right } = await complete.run(spot);
assert.ok(right.length === 90 && right.every(({ status }) => status === "done"));

let count = 0;
async function against(
  options: { faults: string; archive?: "files" },
  body: (lab: TwinLab, twin: Twin) => Promise<void>,
): Promise<void> {
  const twin = await startTwin({ now: NOW, limits: false, ...options });
  await using lab = new TwinLab(folder.join(`lake ${count++}`), twin.settings);
  try {
    await body(lab, twin);
  } finally {
    await twin.close();
  }
}

/** ZIPs of February that were asked for. */
const asked = (twin: Twin) => twin.requests.filter(({ path }) => path.endsWith(FEBRUARY.slice(2))).length;
const isFebruary = (key: string) => key.includes("2025-02") || key.includes("mm=02");

const parquet = (lab: TwinLab) => Object.entries(lab.contents()).filter(([key]) => key.endsWith(".parquet"));

/** What a month's file is refused with, and how often it is fetched. */
const refused: readonly (readonly [fault: string, code: string, fetched: number])[] = [
  ["bad-checksum", "bad-checksum", 2],
  ["no-checksum", "no-checksum", 2],
  ["zip-cut", "bad-checksum", 2],
  ["cut", "bad-checksum", 2],
  ["html200", "html-body", 2],
  ["zip-path", "zip-path", 1],
  ["zip-two", "zip-members", 1],
  ["zip-bomb", "zip-bomb", 1],
  ["zip-lie", "zip-bomb", 1],
  ["csv-empty", "empty-archive", 1],
  ["csv-other-month", "mislabelled", 1],
  ["csv-other-symbol", "mislabelled", 1],
  ["500", "server-error", 5],
  ["503", "server-error", 5],
  ["reset", "connection-lost", 5],
];

describe("a month's file that cannot be trusted", () => {
  for (const [fault, code, fetched] of refused) {
    test(`${fault}: ${code}; the other months are done, nothing of it is written, and it comes when it is right`, () =>
      against({ faults: `${fault}${FEBRUARY}` }, async (lab, twin) => {
        const { outcomes, fatal } = await lab.run(spot);
        assert.equal(fatal, undefined);
        for (const { step, status, error } of outcomes) {
          assert.ok(step.action === "fetch");
          const expected = step.day.startsWith("2025-02") ? ["failed", code] : ["done", undefined];
          assert.deepEqual([status, error?.code], expected, step.day);
        }
        const [{ error }] = outcomes.filter(({ status }) => status === "failed") as [(typeof outcomes)[number]];
        assert.match(error?.message ?? "", /BTCUSDT-1h-2025-02\.zip/);
        const way = "candlelake ingest spot --symbol BTCUSDT --interval 1h --date 2025-02 --source rest --synthetic";
        if (error?.exitCode === 3) assert.equal(error.next, way);
        else assert.match(error?.next ?? "", /^candlelake /);
        assert.equal(asked(twin), fetched);
        const others = Object.entries(complete.contents()).filter(([key]) => !isFebruary(key));
        assert.deepEqual(lab.contents(), Object.fromEntries(others));

        await using mended = new TwinLab(lab.root.replace(/\/synthetic$/, ""), whole.settings);
        const again = await mended.run(spot);
        assert.equal(again.outcomes.length, 28);
        assert.deepEqual(mended.contents(), complete.contents());
      }));
  }

  for (const fault of ["bad-checksum", "no-checksum", "zip-cut", "cut", "html200"]) {
    test(`${fault} once: it is fetched once more, and is right`, () =>
      against({ faults: `${fault}${FEBRUARY}@1` }, async (lab, twin) => {
        const { outcomes } = await lab.run(spot);
        assert.ok(outcomes.every(({ status }) => status === "done"));
        assert.equal(asked(twin), 2);
        assert.deepEqual(lab.contents(), complete.contents());
      }));
  }

  for (const fault of ["503", "reset"]) {
    test(`${fault} four times: it is tried until it comes`, () =>
      against({ faults: `${fault}${FEBRUARY}@1-4`, archive: "files" }, async (lab) => {
        const { outcomes } = await lab.run(spot);
        assert.ok(outcomes.every(({ status }) => status === "done"));
        assert.deepEqual(lab.contents(), complete.contents());
      }));
  }

  test("a command line tells it once, with the file and what to do, and exits with 1", async () => {
    const twin = await startTwin({ now: NOW, faults: `zip-two${FEBRUARY}` });
    try {
      using cli = Cli.at(twin.settings);
      const words = ["ingest", "spot", "--venue", "binance", "--symbol", "BTCUSDT", "--from", "2025-01"];
      const ended = (await cli.run(...words, "--to", "2025-04", "--format", "json")).exits(1);
      const { ok, steps, error, totals } = ended.json<WorkAnswer>();
      assert.deepEqual([ok, error, steps.length, totals["failed"], totals["done"]], [false, null, 90, 28, 62]);
      assert.equal(ended.stderr.match(/^failed/gm)?.length, 1);
      assert.match(ended.stderr, /^failed: 28 steps of spot_klines, 2025-02-01 … 2025-02-28: .*2025-02\.zip/m);
    } finally {
      await twin.close();
    }
  });
});

describe("rows that are wrong in a month's file", () => {
  for (const [fault, kind] of [
    ["csv-duplicate", "duplicate"],
    ["csv-unordered", "unordered"],
  ] as const) {
    test(`${fault}: the rows are what they should be, and a note tells`, () =>
      against({ faults: `${fault}${FEBRUARY}` }, async (lab) => {
        const { outcomes } = await lab.run(spot);
        assert.ok(outcomes.every(({ status, quarantined }) => status === "done" && quarantined === 0));
        const notes = Object.values(lab.manifest(MANIFEST).partitions).flatMap((entry) => entry.notes);
        assert.ok(
          notes.some((note) => note.kind === kind),
          JSON.stringify(notes),
        );
        assert.deepEqual(parquet(lab), parquet(complete));
      }));
  }

  for (const [fault, reason, rows] of [
    ["csv-conflict", "conflict", 2],
    ["csv-off-grid", "off-grid", 1],
  ] as const) {
    test(`${fault}: the row is set aside with its evidence, and the day's own file has the right one`, () =>
      against({ faults: `${fault}${FEBRUARY}` }, async (lab, twin) => {
        const { outcomes } = await lab.run(spot);
        assert.ok(outcomes.every(({ status }) => status === "done"));
        const { partitions } = lab.manifest(MANIFEST);
        const [[day, entry], ...others] = Object.entries(partitions).filter(([, { quarantined }]) => quarantined) as [
          [string, (typeof partitions)[string]],
        ];
        assert.deepEqual([others, entry.rows, entry.gaps, entry.quarantined?.rows], [[], 24, [], rows]);
        assert.deepEqual(entry.archives, [`BTCUSDT-1h-${day}.zip`, "BTCUSDT-1h-2025-02.zip"].sort());
        const kept = JSON.parse(lab.contents()[entry.quarantined?.object ?? ""] ?? "");
        assert.equal(kept.length, rows);
        for (const row of kept) {
          assert.equal(row.reason, reason);
          assert.equal(row.row.split(",").length, 12);
          assert.ok(row.time.startsWith(day));
        }
        assert.ok(!twin.requests.some(({ query }) => query.includes("endTime")), "REST has nothing to add");
        assert.deepEqual(parquet(lab), parquet(complete));
        assert.deepEqual((await lab.run(spot)).outcomes, []);
      }));

    test(`${fault} in the day's own file too: REST has the right one`, () =>
      against({ faults: `${fault}@/BTCUSDT-1h-2025-02` }, async (lab) => {
        const { outcomes } = await lab.run(spot);
        assert.ok(outcomes.every(({ status, gaps }) => status === "done" && gaps.length === 0));
        assert.deepEqual(parquet(lab), parquet(complete));
        assert.deepEqual((await lab.run(spot)).outcomes, []);
      }));
  }
});
