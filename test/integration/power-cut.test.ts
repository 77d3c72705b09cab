import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { test } from "node:test";
import { parseManifestName } from "../../src/core/layout.ts";
import type { Entry } from "../../src/core/manifest.ts";
import { parseManifest } from "../../src/core/manifest-reader.ts";
import type { TableName } from "../../src/core/table.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import { FileStore } from "../../src/stores/file.ts";
import { Killed } from "../fakes/crashing-store.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { modelPorts, request, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { PowerCutDisk, QUICK } from "../fakes/power-cut.ts";

const start = Date.UTC(2025, 0, 30);
const asked = request(wish("futures", start, undefined, { interval: "4h", period: "4h" }));

/** 24 h and some into the series; what is asked for later has other rows in its open day. */
const venueAt = (hours: number, version = 0): ModelVenue => {
  const venue = new ModelVenue(start - 20 * DAY, start + hours * HOUR + MINUTE);
  venue.quirks = { version: (_, time) => (time >= start + DAY ? version : 0) };
  return venue;
};

const engine = (venue: ModelVenue, root: string, disk = QUICK) =>
  new Engine(modelPorts(venue, new FileStore(root, disk)));

/** Entries of the manifests in a tree, with the bytes of the objects that they name. */
function named(files: ReadonlyMap<string, Buffer>): { key: string; entry: Entry; bytes: Buffer | undefined }[] {
  return [...files].flatMap(([key, bytes]) => {
    const [folder, table, name = ""] = key.split("/");
    if (folder !== "_manifests") return [];
    const { series, month } = parseManifestName(table as TableName, name) ?? assert.fail(key);
    const entries = [...parseManifest(bytes, table as TableName, series, month).partitions.values()];
    return entries.flatMap((entry) =>
      entry.object ? [{ key: entry.object, entry, bytes: files.get(entry.object) }] : [],
    );
  });
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Three answers for each name that was not safe: it is lost, it is there, or a coin decides. */
const lucks: Record<string, (n: number) => () => boolean> = {
  "what was not synced is lost": () => () => false,
  "what was not synced is there": () => () => true,
  "of what was not synced some is there": (n) => {
    let state = n + 1;
    return () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state > 2 ** 30;
    };
  },
};

for (const [what, luckOf] of Object.entries(lucks)) {
  for (const scene of ["a first run", "a run after a killed one", "a run that extends and corrects an open day"]) {
    test(`the power fails at any moment of ${scene}; ${what}`, async () => {
      using folder = new TemporaryFolder("memory");
      const first = scene !== "a run that extends and corrects an open day";
      const begun = folder.join("begun");
      fs.mkdirSync(begun);
      if (!first) await engine(venueAt(34), begun).apply(asked, "test");
      const venue = first ? venueAt(34) : venueAt(40, 1);
      const before = tree(begun);
      const copy = (name: string): string => {
        fs.cpSync(begun, folder.join(name), { recursive: true, preserveTimestamps: true });
        return folder.join(name);
      };
      const whole = copy("whole");
      const counted = new PowerCutDisk(whole);
      await engine(venue, whole, counted).apply(asked, "test");
      const expected = tree(whole);
      for (let n = 0; n < counted.calls; n++) {
        const [root, back] = [copy(`cut-${n}`), folder.join(`back-${n}`)];
        const disk = new PowerCutDisk(root, n);
        if (scene === "a run after a killed one") {
          disk.revive(counted.unsynced);
          await assert.rejects(engine(venue, root, disk).apply(asked, "test"), Killed);
          disk.revive(n);
        }
        await engine(venue, root, disk)
          .apply(asked, "test")
          .catch((error: unknown) => assert.ok(error instanceof Killed, String(error)));
        disk.survivors(back, luckOf(n));
        const at = `before call ${n} of ${counted.calls}`;
        for (const { key, entry, bytes } of named(tree(back))) {
          assert.ok(bytes, `${at}: ${key} is named and lost`);
          // An object may be newer than its entry only where it took an older one's place.
          if (sha256(bytes) !== entry.sha256)
            assert.ok(before.has(key) && bytes.equals(expected.get(key) as Buffer), at);
        }
        await engine(venue, back).apply(asked, "test");
        const left = tree(back);
        for (const name of left.keys()) if (name.startsWith("_tmp/")) left.delete(name);
        assert.deepEqual(left, expected, at);
        fs.rmSync(root, { recursive: true });
        fs.rmSync(back, { recursive: true });
      }
    });
  }
}
