import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { test } from "node:test";
import { parseManifestName } from "../../src/core/layout.ts";
import { parseManifest } from "../../src/core/manifest-reader.ts";
import type { TableName } from "../../src/core/table.ts";
import { DAY, HOUR } from "../../src/core/time.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { RealLab } from "../fakes/real-lab.ts";

const start = Date.UTC(2025, 0, 30);
const object = "spot_klines/interval=1h/yyyy=2025/mm=01/dd=30/binance-us_btcusdt_spot_1h_2025-01-30.parquet";
const manifest = "_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json";
const wishes = [wish("spot", start, start + 2 * DAY), wish("futures", start, start + 2 * DAY)];
const COUNT = "SELECT count(*) AS n FROM spot_klines";

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

async function labIn(folder: TemporaryFolder): Promise<RealLab> {
  const lab = new RealLab(folder.join("data"), new ModelVenue(start - 20 * DAY, start + 3 * DAY + HOUR));
  await lab.run(...wishes);
  return lab;
}

test("invariant 2: every object has an entry, every entry its object, and the hash is the object's", async () => {
  using folder = new TemporaryFolder();
  await using lab = await labIn(folder);
  const files = tree(lab.data);
  const named = new Set<string>();
  for (const [key, bytes] of files) {
    const [top, table, name = ""] = key.split("/");
    if (top !== "_manifests") continue;
    const { series, month } = parseManifestName(table as TableName, name) ?? assert.fail(key);
    for (const entry of parseManifest(bytes, table as TableName, series, month).partitions.values()) {
      const file = files.get(entry.object as string);
      assert.ok(file, `${entry.object}`);
      assert.equal(createHash("sha256").update(file).digest("hex"), entry.sha256);
      assert.equal(file.length, entry.bytes);
      named.add(entry.object as string);
    }
  }
  assert.deepEqual(
    [...named].sort(),
    [...files.keys()].filter((key) => key.endsWith(".parquet")),
  );
  assert.equal(named.size, 2 * 5);
});

test("invariant 2: an object that no manifest names is read by nothing and loaded nowhere", async () => {
  using folder = new TemporaryFolder();
  await using lab = await labIn(folder);
  fs.rmSync(`${lab.data}/${manifest}`);
  assert.deepEqual(await lab.queryLake(COUNT), [{ n: 0 }]);
  assert.deepEqual(await all(lab.engine.read(SPOT_KLINES)), []);
});

test("invariant 2: a stray file in a table's folder is not part of it", async () => {
  using folder = new TemporaryFolder();
  await using lab = await labIn(folder);
  fs.copyFileSync(`${lab.data}/${object}`, `${lab.data}/${object.replace("btcusdt", "ethusdt")}`);
  assert.deepEqual(await lab.queryLake(COUNT), [{ n: 48 }]);
  const { outcomes } = await lab.run(...wishes);
  assert.deepEqual(outcomes, []);
  assert.deepEqual(await lab.query(COUNT), [{ n: 48 }]);
});

test("invariant 2: an object that changed under its entry, even one of the same size, is noticed and mended", async () => {
  using folder = new TemporaryFolder();
  await using lab = await labIn(folder);
  const before = tree(lab.data);
  const bytes = fs.readFileSync(`${lab.data}/${object}`);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 255;
  fs.writeFileSync(`${lab.data}/${object}`, bytes);
  const { outcomes } = await lab.run(...wishes);
  assert.deepEqual(
    outcomes.map(({ step, status }) => [step.action, step.reason, status]),
    [
      ["fetch", "object missing or changed", "done"],
      ["load", "a partition changes", "unchanged"],
    ],
  );
  assert.deepEqual(tree(lab.data), before);
});

test("invariant 2: an object that changed is not loaded", async () => {
  using folder = new TemporaryFolder();
  await using lab = await labIn(folder);
  fs.rmSync(`${lab.data}/candlelake.duckdb`);
  fs.appendFileSync(`${lab.data}/${object}`, "x");
  const { outcomes } = await lab.engine.apply(
    { wishes: [], load: { topic: "spot", range: undefined } },
    "candlelake load",
  );
  assert.deepEqual(
    outcomes.map(({ status, error }) => [status, error?.code, error?.exitCode]),
    [["failed", "object-changed", 3]],
  );
});
