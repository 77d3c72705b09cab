import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifestName } from "../../src/core/layout.ts";
import { parseManifest } from "../../src/core/manifest-reader.ts";
import type { TableName } from "../../src/core/table.ts";
import { DAY, HOUR } from "../../src/core/time.ts";
import type { Applied } from "../../src/pipeline/apply.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import { exitCodeOf } from "../../src/pipeline/exit-code.ts";
import { sha256 } from "../../src/pipeline/rows.ts";
import { DISK } from "../../src/stores/disk.ts";
import { FileStore } from "../../src/stores/file.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { fullAfter, Mount } from "../fakes/disks.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { Lab, modelPorts, request, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";

const start = Date.UTC(2025, 0, 30);
const now = start + 8 * DAY + HOUR;
const asked = request(wish("spot", start, start + 8 * DAY), wish("futures", start, start + 8 * DAY));
const venue = () => new ModelVenue(start - 20 * DAY, now);

async function uninterrupted(): Promise<Record<string, string>> {
  const lab = new Lab(venue());
  await lab.engine.apply(asked, "test");
  return lab.contents();
}

test("a run that is asked to stop keeps what was finished, and the next one ends as if nothing had happened", async () => {
  const whole = await uninterrupted();
  for (const steps of [1, 5, 17, 33]) {
    const lab = new Lab(venue());
    const controller = new AbortController();
    let settled = 0;
    const stop = () => {
      if (++settled === steps) controller.abort();
    };
    const { outcomes, fatal } = await lab.engine.apply(asked, "test", { settled: stop }, controller.signal);
    assert.equal(fatal?.code, "interrupted");
    const done = outcomes.filter((outcome) => outcome.status === "done").length;
    assert.ok(done >= 1 && done < outcomes.length, `${done} of ${outcomes.length}`);
    assert.equal(exitCodeOf({ outcomes, fatal } as Applied), 130);
    await lab.engine.apply(asked, "test");
    assert.deepEqual(lab.contents(), whole);
  }
});

test("a run that is asked to stop before it begins does nothing", async () => {
  const lab = new Lab(venue());
  await assert.rejects(lab.engine.apply(asked, "test", {}, AbortSignal.abort()), { code: "interrupted" });
  assert.deepEqual(lab.contents(), {});
});

/** Every entry in a lake's files names an object that is there, byte by byte. */
function assertWhole(files: ReadonlyMap<string, Buffer>): number {
  let entries = 0;
  for (const [key, bytes] of files) {
    const [top, table, name = ""] = key.split("/");
    if (top !== "_manifests") continue;
    const { series, month } = parseManifestName(table as TableName, name) ?? assert.fail(key);
    for (const { object, sha256: hash } of parseManifest(
      bytes,
      table as TableName,
      series,
      month,
    ).partitions.values()) {
      const file = files.get(object ?? "") ?? assert.fail(`${object} is named and not there`);
      assert.equal(sha256(file), hash);
      entries++;
    }
  }
  return entries;
}

const fills: [what: string, real: boolean][] = [
  ["as the disk seam tells it", false],
  ["a real one where this user may mount, else one that says so", true],
];
for (const [what, real] of fills) {
  test(`a disk that becomes full ends the run with 4, and nothing is half-written; ${what}`, async () => {
    using folder = new TemporaryFolder();
    const root = folder.join("lake");
    using mount = real ? Mount.tmpfs(root, "160k") : undefined;
    const disk = mount ? DISK : fullAfter(40_000);
    const applied = await new Engine(modelPorts(venue(), new FileStore(root, disk))).apply(asked, "test");
    assert.equal(applied.fatal?.code, "disk-full");
    assert.equal(exitCodeOf(applied), 4);
    const left = tree(root);
    assert.ok(![...left.keys()].some((key) => key.startsWith("_tmp/")));
    assertWhole(left);
    mount?.remount("size=8m");
    await new Engine(modelPorts(venue(), new FileStore(root))).apply(asked, "test");
    const whole = new MemoryStore();
    await new Engine(modelPorts(venue(), whole)).apply(asked, "test");
    const files = tree(root);
    assert.deepEqual(
      new Map([...files].map(([key, bytes]) => [key, sha256(bytes)])),
      new Map([...whole.objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, bytes]) => [key, sha256(bytes)])),
    );
    assert.equal(assertWhole(files), 5 * 8);
  });
}
