// A folder of kept archive files that cannot be written, and kept files that are not what they were.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import { Cli, type WorkAnswer } from "../cli/process.ts";
import { bytesOf, NOW, SPOT, sumOf } from "../fakes/archive-files.ts";
import { Mount, refusal, watched } from "../fakes/disks.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";
import { zipOf } from "../fakes/zip.ts";

const spot = wish("spot", Date.UTC(2025, 0, 1), Date.UTC(2025, 3, 1), { venue: "binance" });
const interest = wish("open-interest", Date.UTC(2025, 2, 1), Date.UTC(2025, 2, 5), { period: "5m" });
const INGEST = ["ingest", "spot", "--venue", "binance", "--symbol", "BTCUSDT", "--from", "2025-01", "--to", "2025-04"];
const NAME = "BTCUSDT-1h-2025-02.zip";
const KEY = `${SPOT}/1h/${NAME}`;

const folder = new TemporaryFolder("memory");
const twin = await startTwin({ now: NOW, limits: false });
after(async () => {
  await twin.close();
  folder[Symbol.dispose]();
});

let count = 0;
const place = (name: string): string => folder.join(`${name} ${count++}`);
const zips = (begun: number): number =>
  twin.requests.slice(begun).filter(({ path, status }) => path.endsWith(".zip") && status === 200).length;

/** Talk, and nothing else. */
function listener() {
  const said: string[] = [];
  return { said, info() {}, debug() {}, warn: (message: string) => void said.push(message) };
}

await using whole = new TwinLab(place("whole"), twin.settings);
await whole.run(spot, interest);
const expected = whole.contents();

describe("a folder that cannot be written keeps nobody from rows", () => {
  for (const [code, call, cause] of [
    ["ENOSPC", "writeFile", /the disk is full/],
    ["EROFS", "mkdir", /the file system is read-only/],
    ["EIO", "syncFiles", /the disk reports an error/],
    ["EACCES", "rename", /permission is denied/],
  ] as const) {
    test(`${code} at ${call}: said once, and nothing is left there`, async () => {
      const [kept, log] = [place("kept"), listener()];
      const disk = watched((at, target) => {
        if (at === call && target.startsWith(kept)) throw refusal(code, at, target);
      });
      await using lab = new TwinLab(place("lake"), twin.settings, { disk }, kept, log);
      const { outcomes, fatal } = await lab.run(spot, interest);
      assert.equal(fatal, undefined);
      assert.ok(outcomes.every(({ status }) => status === "done"));
      assert.deepEqual(lab.contents(), expected);
      assert.equal(log.said.length, 1);
      assert.ok(log.said[0]?.includes(kept));
      assert.match(log.said[0] ?? "", cause);
      assert.deepEqual([...tree(kept)], []);
    });
  }

  test("a disk that fills while files are kept has whole ones, and each with its checksum", async () => {
    const [kept, log] = [place("kept"), listener()];
    let written = 0;
    const disk = watched((at, target) => {
      if (at === "writeFile" && target.startsWith(kept) && ++written > 3) throw refusal("ENOSPC", at, target);
    });
    await using lab = new TwinLab(place("lake"), twin.settings, { disk }, kept, log);
    await lab.run(spot, interest);
    assert.deepEqual(lab.contents(), expected);
    assert.equal(log.said.length, 1);
    const files = tree(kept);
    assert.ok(files.size <= 2);
    for (const [name, bytes] of files) {
      if (name.endsWith(".zip")) assert.ok(files.get(`${name}.CHECKSUM`)?.toString().startsWith(sumOf(bytes)));
    }
  });

  for (const [what, prepare, cause] of [
    ["it is a file", (kept: string) => writeFileSync(kept, "mine"), "a part of the path is a file, not a folder"],
    [
      "a file lies where a folder in it must be",
      (kept: string) => {
        mkdirSync(`${kept}/synthetic`, { recursive: true });
        writeFileSync(`${kept}/synthetic/data`, "mine");
      },
      "a part of the path is a file, not a folder",
    ],
  ] as const) {
    test(`${what}: the answer is whole, and a line on standard error says it`, async () => {
      using cli = Cli.at(twin.settings);
      prepare(cli.path("kept"));
      const ended = (await cli.run(...INGEST, "--keep-archives", "kept", "--format", "json")).exits(0);
      assert.equal(ended.json<WorkAnswer>().totals["done"], 90);
      assert.deepEqual(ended.stderr.match(/^Archive files cannot be kept in .*kept.*$/gm)?.length, 1);
      assert.ok(ended.stderr.includes(cause));
    });
  }

  test("a disk that is really full, and one that is really read-only", async (context) => {
    const at = place("mount");
    using mount = Mount.tmpfs(at, "16k");
    if (!mount) return context.skip("this user may not mount");
    using cli = Cli.at(twin.settings);
    for (const [options, cause] of [
      ["rw", "the disk is full"],
      ["ro", "the file system is read-only"],
    ] as const) {
      mount.remount(options);
      const lake = ["--data", cli.path(options), "--keep-archives", at, "--format", "json"];
      const ended = (await cli.run(...INGEST, ...lake)).exits(0);
      assert.equal(ended.json<WorkAnswer>().totals["done"], 90);
      assert.equal(ended.stderr.match(/cannot be kept/g)?.length, 1);
      assert.ok(ended.stderr.includes(at) && ended.stderr.includes(cause), ended.stderr);
      assert.ok([...tree(at).keys()].every((name) => !name.includes("_tmp")));
    }
  });
});

describe("a kept file that is not what it was", () => {
  const interestKey = "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2025-03-02.zip";
  const text = (name: string) => zipOf([{ name: name.replace(/zip$/, "csv"), data: "not,a,candle\n" }]);

  /** A lake whose files are kept, with one of them put in another's place; then a lake that is made of them. */
  async function spoilt(path: string, bytes: Uint8Array | undefined, sum: string | undefined) {
    const [kept, log] = [place("kept"), listener()];
    await using first = new TwinLab(place("first"), twin.settings, {}, kept);
    await first.run(spot, interest);
    const file = `${kept}/synthetic/${path}`;
    if (bytes) writeFileSync(file, bytes);
    if (sum) writeFileSync(`${file}.CHECKSUM`, `${sum}  ${path.slice(path.lastIndexOf("/") + 1)}`);
    const begun = twin.requests.length;
    await using second = new TwinLab(place("second"), twin.settings, {}, kept, log);
    const { outcomes } = await second.run(spot, interest);
    assert.ok(outcomes.every(({ status }) => status === "done"));
    assert.deepEqual(second.contents(), expected);
    assert.equal(zips(begun), 1);
    assert.equal(log.said.length, 1);
    assert.ok(log.said[0]?.includes(`The kept file ${file} cannot be used: `), log.said[0]);
    assert.match(log.said[0] ?? "", /It is fetched from 127\.0\.0\.1:\d+ once more and replaced\.$/);
    assert.deepEqual(readFileSync(file), await bytesOf(twin, path));
    return log.said[0] ?? "";
  }

  test("is named with both hashes where they differ", async () => {
    const cut = (await bytesOf(twin, KEY)).subarray(0, 500);
    const said = await spoilt(KEY, cut, undefined);
    assert.ok(said.includes(sumOf(cut)) && said.includes(sumOf(await bytesOf(twin, KEY))));
  });

  test("is named where a checksum fits what cannot be the file", async () => {
    const cut = (await bytesOf(twin, KEY)).subarray(0, 500);
    assert.match(await spoilt(KEY, cut, sumOf(cut)), /what it holds is refused \([a-z-]+\)/);
    const other = text(NAME);
    assert.match(await spoilt(KEY, other, sumOf(other)), /what it holds is refused \([a-z-]+\)/);
  });

  test("is named where two days are made of it, and each of them has all of its values", async () => {
    const other = text("BTCUSDT-metrics-2025-03-02.zip");
    assert.match(await spoilt(interestKey, other, sumOf(other)), /metrics-2025-03-02\.zip cannot be used/);
  });

  test("counts for nothing where the host has it no longer", async () => {
    const [kept, log] = [place("kept"), listener()];
    await using first = new TwinLab(place("first"), twin.settings, {}, kept);
    await first.run(spot);
    const other = text(NAME);
    const file = `${kept}/synthetic/${KEY}`;
    writeFileSync(file, other);
    writeFileSync(`${file}.CHECKSUM`, `${sumOf(other)}  ${NAME}`);
    await using front = await startFront(twin, (url) => (url.includes(NAME) ? NOT_THERE : undefined));
    await using second = new TwinLab(place("second"), front.settings, {}, kept, log);
    const { outcomes } = await second.run(spot);
    assert.ok(outcomes.every(({ status }) => status === "done"));
    assert.equal(log.said.length, 1);
    assert.ok(!tree(kept).has(`synthetic/${KEY}`));
  });

  test("is not asked for for ever where it cannot be replaced", async () => {
    const kept = place("kept");
    await using first = new TwinLab(place("first"), twin.settings, {}, kept);
    await first.run(spot);
    const other = text(NAME);
    const file = `${kept}/synthetic/${KEY}`;
    writeFileSync(file, other);
    writeFileSync(`${file}.CHECKSUM`, `${sumOf(other)}  ${NAME}`);
    const disk = watched((at, target) => {
      if (target.startsWith(kept)) throw refusal("EROFS", at, target);
    });
    const [log, begun] = [listener(), twin.requests.length];
    await using second = new TwinLab(place("second"), twin.settings, { disk }, kept, log);
    const { outcomes } = await second.run(spot);
    assert.ok(outcomes.every(({ status }) => status === "done"));
    assert.equal(zips(begun), 1);
    assert.deepEqual(
      log.said.map((message) => /cannot be used|cannot be kept/.exec(message)?.[0]),
      ["cannot be used", "cannot be kept"],
    );
  });
});
