import * as assert from "node:assert/strict";
import { readdirSync, truncateSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { describe, test } from "node:test";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { CloudLab, type Machine } from "../fakes/cloud-lab.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";

const start = Date.UTC(2025, 0, 30);
const now = start + 2 * DAY + 10 * HOUR + MINUTE;
const SPOT = wish("spot", start, undefined);

const open = () => CloudLab.open(new ModelVenue(Date.UTC(2024, 11, 20), now));

/** Copies of a kind that a machine keeps of the bucket. */
function copies(lab: CloudLab, machine: string, folder: string): string[] {
  const at = path.join(lab.path(machine), "_cache", "demo-bucket", folder);
  return readdirSync(at).map((name) => path.join(at, name));
}

async function count({ engine }: Machine): Promise<unknown> {
  const { batches } = await engine.queryLake("SELECT count(*) AS n FROM spot_klines");
  for await (const [row] of batches) return row?.[0];
  return undefined;
}

describe("a copy of the bucket's that was damaged", () => {
  const damages: readonly (readonly [what: string, damage: (file: string) => void])[] = [
    ["cut off", (file) => truncateSync(file, 300)],
    ["emptied", (file) => truncateSync(file, 0)],
    ["replaced by something of the same kind", (file) => writeFileSync(file, "{}")],
  ];
  for (const [what, damage] of damages) {
    test(`is fetched anew without a word: manifests and objects ${what}`, async () => {
      await using lab = await open();
      await using one = lab.machine("one");
      await one.ingest(SPOT);
      await using two = lab.machine("two");
      assert.equal(await count(two), 58);
      const kept = [...copies(lab, "two", "_manifests/spot_klines"), ...copies(lab, "two", "objects")];
      assert.equal(kept.length, 5);
      for (const file of kept) damage(file);
      await using again = lab.machine("two");
      assert.deepEqual(await again.plan(SPOT), []);
      const { series, foreign } = await again.engine.survey();
      assert.deepEqual([series.map(({ rows, damaged }) => [rows, damaged]), foreign], [[[58, []]], []]);
      assert.equal(await count(again), 58);
      // What was fetched has taken the damaged copies' places.
      await using third = lab.machine("two");
      assert.equal(await count(third), 58);
      assert.equal(third.usage.reads, 0);
    });
  }
});
