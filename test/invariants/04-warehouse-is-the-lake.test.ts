import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { RealLab } from "../fakes/real-lab.ts";

const start = Date.UTC(2025, 0, 30);
const LOADED = ["spot_klines", "futures_metrics", "funding_rates", "open_interest"];
const wishes = () => [wish("spot", start, undefined), wish("futures", start, undefined)];

async function same(lab: RealLab, tables = LOADED): Promise<void> {
  for (const table of tables) {
    const sql = `SELECT * FROM ${table} ORDER BY ALL`;
    const rows = await lab.queryLake(sql);
    assert.ok(rows.length > 0);
    assert.deepEqual(await lab.query(sql), rows, table);
  }
}

test("invariant 4: the warehouse's rows are the rows of the objects that the ledger names, exactly, after every load", async () => {
  using folder = new TemporaryFolder();
  const venue = new ModelVenue(start - 20 * DAY, start + 30 * HOUR);
  await using lab = new RealLab(folder.join("data"), venue);
  await lab.run(...wishes());
  await same(lab);
  const late = (_: unknown, time: number) => (time === start + 28 * HOUR ? 1 : 0);
  venue.quirks = { version: late, missing: (_, time) => time === start + 33 * HOUR };
  venue.time += 5 * HOUR;
  await lab.run(...wishes());
  await same(lab);
  venue.time += 2 * DAY;
  await lab.run(...wishes());
  await same(lab);
});

test("invariant 4: the ledger counts what the table has, series by series and month by month", async () => {
  using folder = new TemporaryFolder();
  await using lab = new RealLab(folder.join("data"), new ModelVenue(start - 20 * DAY, start + 3 * DAY + MINUTE));
  await lab.run(...wishes());
  const counted = LOADED.map((table) => {
    const time = { funding_rates: "funding_time", open_interest: "time" }[table] ?? "open_time";
    return `SELECT '${table}' AS table_name, strftime(${time}, '%Y-%m') AS month, count(*) AS row_count FROM ${table} GROUP BY ALL`;
  });
  const ledger = "SELECT table_name, month, sum(row_count) AS row_count FROM load_ledger GROUP BY ALL";
  assert.deepEqual(
    await lab.query(`SELECT * FROM (${counted.join(" UNION ALL ")}) ORDER BY ALL`),
    await lab.query(`SELECT table_name, month, row_count::BIGINT AS row_count FROM (${ledger}) ORDER BY ALL`),
  );
});

test("invariant 4: a lost month that the venue no longer publishes stays in the warehouse until it is pruned", async () => {
  using folder = new TemporaryFolder();
  const venue = new ModelVenue(start - 20 * DAY, start + 3 * DAY + MINUTE);
  await using lab = new RealLab(folder.join("data"), venue);
  await lab.run(wish("spot", start, undefined));
  rmSync(folder.join("data/spot_klines/interval=1h/yyyy=2025/mm=01"), { recursive: true });
  rmSync(folder.join("data/_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json"));
  venue.quirks = { missing: (_, time) => time < start + 2 * DAY };
  const { outcomes } = await lab.run(wish("spot", start, undefined));
  const load = outcomes.find(({ step }) => step.action === "load");
  assert.deepEqual([load?.status, outcomes.length], ["unchanged", 3]);
  const months = "SELECT DISTINCT strftime(open_time, '%Y-%m') AS month FROM spot_klines ORDER BY month";
  assert.deepEqual(await lab.query(months), [{ month: "2025-01" }, { month: "2025-02" }]);
  const { gone } = await lab.engine.survey();
  assert.deepEqual(
    gone.map(({ table, month, rows }) => [table, month, rows]),
    [["spot_klines", "2025-01", 48]],
  );
  const prune = { wishes: [], load: { topic: undefined, range: undefined, prune: true } };
  await lab.engine.apply(prune, "candlelake load");
  assert.deepEqual(await lab.query(months), [{ month: "2025-02" }]);
  await same(lab, ["spot_klines"]);
  assert.deepEqual((await lab.engine.survey()).gone, []);
});

test("invariant 4: who reads during a load sees the month before it or the month after it, never a mixture", async () => {
  using folder = new TemporaryFolder();
  const venue = new ModelVenue(start - 20 * DAY, start + 20 * HOUR);
  await using lab = new RealLab(folder.join("data"), venue);
  await lab.run(...wishes());
  const sql = "SELECT count(*) AS n, sum(close) AS closes, min(num_trades) AS trades FROM spot_klines";
  const states = [JSON.stringify(await lab.query(sql))];
  let loading = true;
  const seen = new Set<string>();
  const reader = (async () => {
    while (loading) seen.add(JSON.stringify(await lab.query(sql)));
  })();
  for (let version = 1; version <= 4; version++) {
    venue.quirks = { version: () => version };
    venue.time += HOUR;
    await lab.run(...wishes());
    states.push(JSON.stringify(await lab.query(sql)));
  }
  loading = false;
  await reader;
  assert.ok(seen.size > 0);
  assert.deepEqual(seen.difference(new Set(states)), new Set());
});

test("invariant 4: a load that fails at any step leaves the month as it was, and the next one settles it", async () => {
  using folder = new TemporaryFolder();
  const venue = new ModelVenue(start - 20 * DAY, start + 20 * HOUR);
  let fail = "";
  const onStep = (step: string): void => {
    if (step === fail) throw new Error(`no ${step}`);
  };
  await using lab = new RealLab(folder.join("data"), venue, { onStep });
  await lab.run(...wishes());
  const everything = "SELECT * FROM spot_klines ORDER BY ALL";
  for (const step of ["copy", "open", "commit", "checkpoint", "sync", "rename"]) {
    const before = await lab.query(everything);
    venue.time += HOUR;
    fail = step;
    const { outcomes } = await lab.run(...wishes());
    assert.ok(
      outcomes.some((outcome) => outcome.step.action === "load" && outcome.error),
      step,
    );
    assert.deepEqual(await lab.query(everything), before, step);
    fail = "";
    await lab.run(...wishes());
    assert.equal((await lab.query(everything)).length, before.length + 1);
    await same(lab);
  }
});
