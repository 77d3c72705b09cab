import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { StoreError } from "../../src/core/errors.ts";
import { refuseWithoutRoom } from "../../src/pipeline/estimate.ts";
import { startTwin } from "../../src/twin/start.ts";
import { NOW } from "../fakes/archive-files.ts";
import { Mount } from "../fakes/disks.ts";
import { tree } from "../fakes/folder.ts";
import { Cli, type WorkAnswer } from "./process.ts";

interface Estimated extends WorkAnswer {
  readonly estimate: Readonly<Record<"files" | "bytes" | "rows" | "requests" | "disk", number>> & {
    readonly fits: boolean | null;
  };
}

const twin = await startTwin({ now: NOW, limits: false });
after(() => twin.close());
const INGEST = ["ingest", "spot", "--venue", "binance", "--symbol", "BTCUSDT"] as const;
const MINUTES = [...INGEST, "--interval", "1m", "--from", "2026-06-01", "--to", "2026-08-03"] as const;

const SINCE_JULY = [...INGEST, "--interval", "1m", "--from", "2026-07-01"] as const;

/** `run` is to do the same as `SINCE_JULY`, and to load it. */
function configure(cli: Cli): void {
  const series = { market: "spot", venue: "binance", symbol: "BTCUSDT", interval: "1m", from: "2026-07-01" };
  writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ series: [series] }));
}

const bytesIn = (files: Map<string, Buffer>): number =>
  [...files.values()].reduce((sum, bytes) => sum + Math.ceil(bytes.length / 4096) * 4096, 0);

for (const [what, range, files, rows] of [
  ["minutes", MINUTES, 2 + 2, 63 * 1440],
  ["hours to the open day", [...INGEST, "--interval", "1h", "--from", "2026-07-01"], 1 + 29, 60 * 24 + 12],
  ["hours over REST", [...INGEST, "--interval", "1h", "--from", "2026-07-01", "--source", "rest"], 0, 60 * 24 + 12],
] as const) {
  test(`an estimate before ${what}: its files and rows are those that come, the rest is near`, async () => {
    using cli = Cli.at(twin.settings);
    const begun = twin.requests.length;
    const { estimate, steps } = await cli.json<Estimated>(...range, "--dry-run");
    const asked = twin.requests.slice(begun);
    assert.ok(asked.every(({ path }) => !path.endsWith(".zip")));
    assert.ok(asked.length <= 3);
    assert.deepEqual([...tree(cli.folder.path)], []);
    assert.deepEqual([estimate.files, estimate.rows], [files, rows]);
    assert.ok(steps.every(({ status }) => status === "planned"));

    const before = twin.requests.length;
    const done = await cli.json<Estimated>(...range);
    assert.equal(done.totals["rows"], rows);
    assert.deepEqual(done.estimate, estimate);
    const came = twin.requests.slice(before).filter(({ path }) => /\.zip(?:\.CHECKSUM)?$/.test(path));
    assert.equal(came.length, 2 * files);
    const used = bytesIn(tree(cli.path("data")));
    assert.ok(estimate.disk > 0.6 * used && estimate.disk < 1.6 * used, `${estimate.disk} of ${used}`);

    const none = await cli.json<Estimated>(...range, "--dry-run");
    assert.deepEqual(none.estimate, { files: 0, bytes: 0, rows: 0, requests: 0, disk: 0, fits: true });
  });
}

test("an estimate knows of kept files and of the warehouse, where they lie on the lake's disk", async () => {
  using cli = Cli.at(twin.settings);
  configure(cli);
  const alone = await cli.json<Estimated>(...SINCE_JULY, "--dry-run");
  const all = await cli.json<Estimated>("run", "--keep-archives", "kept");
  assert.deepEqual([all.estimate.files, all.estimate.rows], [alone.estimate.files, alone.estimate.rows]);
  const used = bytesIn(tree(cli.path("data"))) + bytesIn(tree(cli.path("kept")));
  assert.ok(all.estimate.disk > 0.6 * used && all.estimate.disk < 1.6 * used, `${all.estimate.disk} of ${used}`);
  assert.ok(alone.estimate.disk < 0.6 * used, "the lake is only a part");
  // What is kept already takes no more room.
  const kept = await cli.json<Estimated>(...SINCE_JULY, "--force", "--keep-archives", "kept", "--dry-run");
  assert.equal(kept.estimate.disk, alone.estimate.disk);
});

test("a disk that has room for the lake, and not for kept files besides, is said to be too small", async (context) => {
  using cli = Cli.at(twin.settings);
  const { estimate } = await cli.json<Estimated>(...SINCE_JULY, "--dry-run");
  using mount = Mount.tmpfs(cli.path("small"), `${Math.ceil((1.2 * estimate.disk) / 4096) * 4}k`);
  if (!mount) return context.skip("this user may not mount");
  const words = [...SINCE_JULY, "--data", "small/data"];
  const { stderr } = (await cli.run(...words, "--keep-archives", "small/kept")).exits(4);
  assert.match(stderr, /has room for \d+\.\d MB, and this takes about \d+\.\d MB\. Make room/);
  assert.deepEqual([...tree(cli.path("small")).keys()], []);
  (await cli.run(...words)).exits(0);
});

test("a disk that has room for the lake, and not for the load: that is said before, and the lake grows", async (context) => {
  using cli = Cli.at(twin.settings);
  const { estimate } = await cli.json<Estimated>(...SINCE_JULY, "--dry-run");
  using mount = Mount.tmpfs(cli.path("small"), `${Math.ceil((1.2 * estimate.disk) / 4096) * 4}k`);
  if (!mount) return context.skip("this user may not mount");
  configure(cli);
  const run = ["run", "--data", "small/data", "--warehouse", "duckdb:small/lake.duckdb"];
  const planned = (await cli.run(...run, "--dry-run", "--format", "json")).exits(1);
  assert.match(planned.stderr, /^Estimate: .*: too little\)\.$/m);
  const ended = (await cli.run(...run, "--format", "json")).exits(1);
  const { steps } = ended.json<WorkAnswer>();
  const states = new Set(steps.map(({ action, status, error }) => `${action} ${error?.code ?? status}`));
  assert.deepEqual([...states].sort(), ["fetch done", "load too-little-disk"]);
  assert.match(ended.stderr, /with the load this takes about \d+\.\d MB\. Make room/);
  assert.ok(ended.stderr.indexOf("too little)") >= 0);
  assert.ok(![...tree(cli.path("small")).keys()].some((file) => file.includes("duckdb")));
  mount.remount("size=64m");
  (await cli.run(...run)).exits(0);
});

test("an estimate is said before anything is fetched", async () => {
  using cli = Cli.at(twin.settings);
  const { stderr } = (await cli.run(...MINUTES, "--dry-run")).exits(0);
  assert.match(
    stderr,
    /^Estimate: 4 archive files of \S+ MB, 90,?720 rows, \S+ requests, \S+ MB on disk \(.* free\)\.$/m,
  );
  assert.equal((await cli.run(...MINUTES, "--dry-run", "--quiet")).exits(0).stderr, "");
});

test("too little disk is said before anything is fetched, and there is a way on", async (context) => {
  using cli = Cli.at(twin.settings);
  using mount = Mount.tmpfs(cli.path("small"), "2m");
  if (!mount) return context.skip("this user may not mount");
  const begun = twin.requests.length;
  const ended = (await cli.run(...MINUTES, "--data", "small/data", "--format", "json")).exits(4);
  const answer = ended.json<Pick<WorkAnswer, "ok" | "error">>();
  assert.deepEqual([answer.ok, answer.error?.code], [false, "too-little-disk"]);
  assert.match(answer.error?.message ?? "", /has room for \d+\.\d MB, and this takes about \d+\.\d MB/);
  assert.match(ended.stderr, /Make room, or ask for less/);
  assert.ok(twin.requests.slice(begun).every(({ path }) => !path.endsWith(".zip")));
  assert.deepEqual(
    [...tree(cli.path("small")).keys()].filter((key) => !key.endsWith(".lock")),
    [],
  );
  // The plan can be looked at all the same, and a smaller wish is granted.
  const plan = await cli.json<Estimated>(...MINUTES, "--data", "small/data", "--dry-run");
  assert.ok(plan.estimate.disk > 2 * 2 ** 20);
  assert.equal(plan.estimate.fits, false);
  (await cli.run(...INGEST, "--date", "2026-07-01", "--data", "small/data")).exits(0);
  mount.remount("size=20m");
  (await cli.run(...MINUTES, "--data", "small/data")).exits(0);
});

test("a wish below two megabytes is refused where not half of it would fit, and tried where it might", () => {
  const about = { files: 1, bytes: 0, rows: 0, requests: 0, disk: 1_500_000, lake: 1_500_000, meanwhile: 0 };
  const refused = (free: number | null) => {
    try {
      refuseWithoutRoom({ ...about, free }, "here");
      return false;
    } catch (error) {
      assert.ok(error instanceof StoreError && error.code === "too-little-disk");
      return true;
    }
  };
  assert.deepEqual([null, 1_500_000, 750_000, 749_999, 0].map(refused), [false, false, false, true, true]);
});
