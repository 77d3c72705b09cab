import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Engine } from "../../src/pipeline/engine.ts";
import { refine } from "../../src/pipeline/refine.ts";
import type { RefineJob } from "../../src/ports.ts";
import type { Disk } from "../../src/stores/disk.ts";
import { startTwin } from "../../src/twin/start.ts";
import { Cli } from "../cli/process.ts";
import { daysByFile, settledFiles, zipsSince } from "../fakes/archive-traces.ts";
import { Killed } from "../fakes/crashing-store.ts";
import { watched } from "../fakes/disks.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { twinPorts } from "../fakes/twin-lab.ts";

const twin = await startTwin({ now: Date.UTC(2026, 7, 10, 12), limits: false });
const folder = new TemporaryFolder("memory");
after(async () => {
  await twin.close();
  folder[Symbol.dispose]();
});

/** Two weeks: four days of a month's file, nine of their own, and the open one of REST. */
const asked = wish("spot", Date.UTC(2026, 6, 28), undefined, { venue: "binance" });
const request = { wishes: [asked], load: null };

/** Work is done in this process: a killed one has no workers left either. */
const portsOf = (data: string, keep: string | undefined, disk?: Disk) => ({
  ...twinPorts(data, twin.settings, disk ? { disk } : {}, keep),
  refine: async (job: RefineJob) => refine(job),
});

/** A run whose process is gone before its n-th change of the disk, if it comes so far; returns how many it made. */
async function killed(data: string, n: number, keep: string | undefined): Promise<number> {
  let calls = 0;
  const disk = watched(() => {
    if (calls >= n) throw new Killed("killed");
    calls++;
  });
  const ports = portsOf(data, keep, disk);
  const run = new Engine(ports).apply(request, "candlelake ingest");
  try {
    // What is flushed together depends on what is ready: another run may come to its end in fewer changes.
    await run;
    assert.ok(calls <= n);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  } finally {
    await ports.close();
  }
  return calls;
}

for (const [what, keep] of [
  ["files are fetched", undefined],
  ["files are kept as well", "kept"],
] as const) {
  test(`stopped before every change of the disk while ${what}, and run again, it ends the same`, async () => {
    const place = (name: string) => folder.join(`${what} ${name}`);
    const kept = (name: string) => (keep === undefined ? undefined : place(`${name} kept`));
    const changes = await killed(place("whole"), Number.POSITIVE_INFINITY, kept("whole"));
    const expected = tree(place("whole"));
    const files = daysByFile(`${place("whole")}/synthetic`);
    assert.ok(changes > 40 && files.size === 10);
    // Where files are kept the changes around them are of interest, and the others are those of the other test.
    for (let n = 0; n < changes; n += keep === undefined ? 1 : 3) {
      const name = `before ${n} of ${changes}`;
      await killed(place(name), n, kept(name));
      const settled = settledFiles(`${place(name)}/synthetic`, files);
      const begun = twin.requests.length;
      const ports = portsOf(place(name), kept(name));
      const { outcomes, fatal } = await new Engine(ports).apply(request, "candlelake ingest");
      await ports.close();
      assert.equal(fatal, undefined);
      assert.ok(outcomes.every(({ error }) => error === null));
      assert.deepEqual(tree(place(name)), expected, name);
      assert.deepEqual(settled.intersection(new Set(zipsSince(twin, begun))), new Set(), name);
      for (const path of [place(name), place(`${name} kept`)]) rmSync(path, { recursive: true, force: true });
    }
  });
}

const KILLS = 15;
const KILLS_A_LAKE = 3;
/** Another seed, other moments. */
const SEED = 20_260_830;

/** Numbers in [0, 1), the same every time. */
function* dice(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

test(`${KILLS} kills of a command that takes minutes in, at any moment: no file that is settled is fetched again`, async () => {
  const ingest = ["ingest", "spot", "--venue", "binance", "--symbol", "BTCUSDT", "--interval", "1m"];
  const command = [...ingest, "--from", "2026-04-25", "--quiet", "--no-progress"];
  using whole = Cli.at(twin.settings);
  (await whole.run(...command)).exits(0);
  // The twin has made its files by now.
  using second = Cli.at(twin.settings);
  const begun = performance.now();
  (await second.run(...command)).exits(0);
  const length = performance.now() - begun;
  const expected = tree(whole.path("data"));
  const files = daysByFile(whole.path("data/synthetic"));
  assert.equal(files.size, 4 + 9);

  const roll = dice(SEED);
  let stopped = 0;
  for (let lake = 0; lake < KILLS / KILLS_A_LAKE; lake++) {
    using cli = Cli.at(twin.settings);
    const root = cli.path("data/synthetic");
    for (let i = 0; i < KILLS_A_LAKE; i++) {
      const settled = settledFiles(root, files);
      const before = twin.requests.length;
      const running = cli.start(...command);
      try {
        await Promise.race([setTimeout(roll.next().value * length), running.end()]);
      } finally {
        running.child.kill("SIGKILL");
      }
      if ((await running.end()).code === null) stopped++;
      assert.deepEqual(settled.intersection(new Set(zipsSince(twin, before))), new Set());
    }
    const settled = settledFiles(root, files);
    const before = twin.requests.length;
    (await cli.run(...command)).exits(0);
    assert.deepEqual(settled.intersection(new Set(zipsSince(twin, before))), new Set());
    assert.deepEqual(tree(cli.path("data")), expected, `lake ${lake}`);
  }
  assert.ok(stopped > 0, "none had ended by itself before it was killed");
});
