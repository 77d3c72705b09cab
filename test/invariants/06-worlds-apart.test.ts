import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import type { Config } from "../../src/config.ts";
import { DataError } from "../../src/core/errors.ts";
import { DAY, HOUR } from "../../src/core/time.ts";
import { DEFAULT_ENDPOINTS } from "../../src/endpoints.ts";
import { type Candlelake, openCandlelake, SILENT } from "../../src/open.ts";
import type { Clock } from "../../src/ports.ts";
import { startTwin } from "../../src/twin/start.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { configOf, loading, RealLab, rowsOf } from "../fakes/real-lab.ts";
import { listen, madeVenue } from "../fakes/rest-venue.ts";

const start = Date.UTC(2025, 0, 30);
const now = start + 2 * DAY + HOUR;
const wishes = [wish("spot", start, start + DAY), wish("futures", start, start + DAY)];
const TABLES = ["spot_klines", "futures_metrics", "funding_rates", "open_interest"];
const clock: Clock = { now: () => now, async sleep() {} };

const open = (data: string, rest: Partial<Config>): Candlelake =>
  openCandlelake(configOf(data, rest), SILENT, { clock });
const isMade = (key: string) => key.startsWith("synthetic/") || key.includes("_synthetic.duckdb");
const worldsOf = (files: ReadonlyMap<string, Buffer>) => Map.groupBy(files, ([key]) => (isMade(key) ? "made" : "real"));

/** A data folder with both worlds in it. */
async function both(folder: TemporaryFolder): Promise<{ real: RealLab; made: Candlelake }> {
  const real = new RealLab(folder.path, new ModelVenue(start - 20 * DAY, now));
  await real.run(...wishes);
  const made = open(folder.path, { synthetic: true });
  await made.engine.apply(loading(...wishes), "candlelake run");
  return { real, made };
}

test("invariant 6: made data have a root and a warehouse of their own, and neither run touches the other's files", async () => {
  using folder = new TemporaryFolder();
  await using real = new RealLab(folder.path, new ModelVenue(start - 20 * DAY, now));
  await real.run(...wishes);
  const before = tree(folder.path);
  assert.equal(worldsOf(before).get("made"), undefined);
  const made = open(folder.path, { synthetic: true });
  await made.engine.apply(loading(...wishes), "candlelake run");
  await made.engine.close();
  const after = worldsOf(tree(folder.path));
  assert.deepEqual(new Map(after.get("real")), before);
  const keys = after.get("made")?.map(([key]) => key) ?? [];
  assert.ok(keys.includes("candlelake_synthetic.duckdb"));
  assert.ok(keys.filter((key) => key.endsWith(".parquet")).every((key) => key.includes("/synthetic_")));
});

test("invariant 6: every row says its world, in the lake and in the warehouse, and each world has its own rows only", async () => {
  using folder = new TemporaryFolder();
  const { real, made } = await both(folder);
  try {
    for (const [engine, isSynthetic] of [
      [real.engine, false],
      [made.engine, true],
    ] as const) {
      for (const table of TABLES) {
        const sql = `SELECT count(*) AS n, count(*) FILTER (venue = 'synthetic') AS made FROM ${table}`;
        for (const answer of [await engine.query(sql), await engine.queryLake(sql)]) {
          const [row] = await rowsOf(answer);
          assert.ok(Number(row?.["n"]) > 0);
          assert.equal(row?.["made"], isSynthetic ? row?.["n"] : 0, table);
        }
      }
      const schemas = await rowsOf(
        await engine.query("SELECT DISTINCT table_schema AS name FROM information_schema.tables"),
      );
      assert.ok(schemas.length > 0);
      assert.ok(schemas.every((schema) => String(schema["name"]).endsWith("_synthetic") === isSynthetic));
    }
  } finally {
    await real.engine.close();
    await made.engine.close();
  }
});

for (const [what, from, into] of [
  ["made files among the real ones", "synthetic", "."],
  ["real files among the made ones", ".", "synthetic"],
] as const) {
  test(`invariant 6: ${what} are refused by name, not read, not loaded`, async () => {
    using folder = new TemporaryFolder();
    const { real, made } = await both(folder);
    const lake = into === "." ? real.engine : made.engine;
    try {
      const count = async () => rowsOf(await lake.query("SELECT count(*) AS n FROM spot_klines"));
      const before = await count();
      for (const name of ["_manifests", "spot_klines"]) {
        fs.cpSync(folder.join(from, name), folder.join(into, name), { recursive: true });
      }
      const stranger = (error: unknown) => {
        assert.ok(error instanceof DataError, String(error));
        assert.equal(error.code, "other-world");
        assert.match(error.message, /btcusdt_spot_1h_2025-01\.json/);
        return true;
      };
      await assert.rejects(lake.queryLake("SELECT count(*) AS n FROM spot_klines"), stranger);
      await assert.rejects(lake.apply({ wishes: [], load: { topic: "spot", range: undefined } }, "load"), stranger);
      assert.deepEqual(await count(), before);
    } finally {
      await real.engine.close();
      await made.engine.close();
    }
  });
}

test("invariant 6: an answer that says it was made is never taken for real", async () => {
  using folder = new TemporaryFolder();
  const twin = await startTwin({ now });
  try {
    const endpoints = { ...DEFAULT_ENDPOINTS, "binance-us-rest": `${twin.url}/binance-us` };
    const { engine } = open(folder.join("data"), { endpoints });
    const { outcomes } = await engine.apply({ wishes: wishes.slice(0, 1), load: null }, "candlelake ingest");
    assert.deepEqual(
      outcomes.map(({ status, error }) => [status, error?.code]),
      [["failed", "synthetic-answer"]],
    );
    assert.deepEqual([...tree(folder.path).keys()], []);
  } finally {
    await twin.close();
  }
});

test("invariant 6: an answer that does not say so is never taken for made", async () => {
  using folder = new TemporaryFolder();
  const hours = Array.from({ length: 48 }, (_, i) => start + i * HOUR);
  await using venue = await listen(madeVenue({ now: () => now, klines: hours, length: HOUR }));
  const endpoints = { ...DEFAULT_ENDPOINTS, "binance-us-rest": venue.base };
  const ingest = async (synthetic: boolean) => {
    const { engine } = open(folder.join("data"), { endpoints, synthetic });
    return (await engine.apply({ wishes: wishes.slice(0, 1), load: null }, "candlelake ingest")).outcomes;
  };
  assert.deepEqual(
    (await ingest(true)).map(({ status, error }) => [status, error?.code]),
    [["failed", "real-answer"]],
  );
  assert.deepEqual([...tree(folder.path).keys()], []);
  assert.deepEqual(
    (await ingest(false)).map(({ status, rows }) => [status, rows]),
    [["done", 24]],
  );
});

test("invariant 6: two venues' markets of one name are two series, each asked of its own host alone", async () => {
  using folder = new TemporaryFolder();
  const twin = await startTwin({ now });
  try {
    const [us, world] = [`${twin.url}/binance-us`, `${twin.url}/binance-spot`];
    const endpoints = { ...DEFAULT_ENDPOINTS, "binance-us-rest": us, "binance-spot-rest": world };
    for (const [venue, host] of [
      ["binance-us", "binance-us"],
      ["binance", "binance-spot"],
    ] as const) {
      const asked = twin.requests.length;
      const { engine } = open(folder.join("data"), { endpoints, synthetic: true });
      await engine.apply({ wishes: [wish("spot", start, start + DAY, { venue, force: true })], load: null }, "ingest");
      const hosts = new Set(twin.requests.slice(asked).map((request) => request.host));
      assert.deepEqual(hosts, new Set([host]));
    }
  } finally {
    await twin.close();
  }
  const venues = new ModelVenue(start - 20 * DAY, now);
  await using real = new RealLab(folder.join("real"), venues);
  await real.run(wish("spot", start, start + DAY), wish("spot", start, start + DAY, { venue: "binance" }));
  const closes = "SELECT venue, count(*) AS n FROM spot_klines GROUP BY venue ORDER BY venue";
  assert.deepEqual(await real.query(closes), [
    { venue: "binance", n: 24 },
    { venue: "binance-us", n: 24 },
  ]);
});
