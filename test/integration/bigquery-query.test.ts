import * as assert from "node:assert/strict";
import process from "node:process";
import { describe } from "node:test";
import { type AppError, Interrupted } from "../../src/core/errors.ts";
import { codeOf, load, rowsOf } from "../contract/warehouse.ts";
import { type Scene, scene } from "../fakes/bigquery-scene.ts";

async function loaded({ open, lake }: Scene) {
  const warehouse = open();
  await warehouse.setup();
  await load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01" }]));
  return warehouse;
}

const MIB = 2 ** 20;

describe("a query of BigQuery", () => {
  scene("names types and values as BigQuery and the contract have them", async (context) => {
    const warehouse = await loaded(context);
    const { columns, batches } = await warehouse.query(
      "SELECT open_time, close, num_trades, symbol, `interval`, CAST(open_time AS DATE) AS day, close > 0 AS up, " +
        "9007199254740993 AS big, CAST(NULL AS STRING) AS none FROM spot_klines ORDER BY open_time LIMIT 1",
    );
    assert.deepEqual(
      columns.map(({ name, type }) => [name, type]),
      [
        ["open_time", "TIMESTAMP"],
        ["close", "FLOAT64"],
        ["num_trades", "INT64"],
        ["symbol", "STRING"],
        ["interval", "STRING"],
        ["day", "DATE"],
        ["up", "BOOL"],
        ["big", "INT64"],
        ["none", "STRING"],
      ],
    );
    const rows = [];
    for await (const batch of batches) rows.push(...batch);
    assert.deepEqual(rows, [
      ["2025-01-01T00:00:00.000Z", 100, 7, "BTCUSDT", "1h", "2025-01-01", true, "9007199254740993", null],
    ]);
  });

  scene("comes in batches, however long it is", async ({ open, lake, front }) => {
    const warehouse = open();
    await warehouse.setup();
    const days = Array.from({ length: 28 }, (_, i) => ({ day: `2025-02-${String(i + 1).padStart(2, "0")}` }));
    await load(warehouse, lake.candleUnit("2025-02", days));
    const sql = "SELECT a.open_time FROM spot_klines AS a CROSS JOIN spot_klines AS b";
    front.seen.length = 0;
    let rows = 0;
    const sizes: number[] = [];
    for await (const batch of (await warehouse.query(sql)).batches) {
      sizes.push(batch.length);
      rows += batch.length;
    }
    assert.equal(rows, (28 * 24) ** 2);
    assert.ok(sizes.length > 1);
    assert.equal(front.seen.filter(({ path }) => path.includes("/queries/")).length, sizes.length);
  });

  scene("is billed, and says how much", async (context) => {
    const warehouse = await loaded(context);
    assert.equal(warehouse.usage.bytesBilled, 0);
    await rowsOf(warehouse, "SELECT close FROM spot_klines");
    assert.equal(warehouse.usage.bytesBilled, 10 * MIB);
  });

  scene("costs nothing to ask about", async (context) => {
    const warehouse = await loaded(context);
    assert.equal(await warehouse.cost("SELECT close FROM spot_klines"), 24 * 8);
    assert.equal(await warehouse.cost("SELECT close, open FROM spot_klines"), 24 * 16);
    assert.equal(await codeOf(warehouse.cost("DROP TABLE spot_klines")), "sql-refused");
    assert.equal(warehouse.usage.bytesBilled, 0);
  });

  scene("that would be billed for too much is not run", async (context) => {
    await loaded(context);
    const warehouse = context.open({ maxBytes: 5 * MIB });
    const sql = "SELECT close FROM spot_klines";
    await assert.rejects(warehouse.query(sql), (error: AppError) => {
      assert.deepEqual([error.code, error.exitCode], ["too-many-bytes", 2]);
      assert.match(error.message, /10485760 bytes, and 5242880 are allowed/);
      assert.equal(error.next, `candlelake query --max-bytes 10485760 '${sql}'`);
      return true;
    });
    assert.equal(warehouse.usage.bytesBilled, 0);
    await rowsOf(context.open({ maxBytes: 10 * MIB }), sql);
  });

  scene("reads this world's two datasets, and no other", async (context) => {
    const warehouse = await loaded(context);
    await context.open({ synthetic: true }).setup();
    await context.open({ dataset: "mine" }).setup();
    for (const table of ["btc_forecast_raw_synthetic.spot_klines", "mine.spot_klines", "`demo.mine.spot_klines`"]) {
      assert.equal(await codeOf(warehouse.query(`SELECT count(*) FROM ${table}`)), "sql-refused", table);
    }
    assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) AS n FROM btc_forecast_raw.spot_klines"), [[24]]);
  });

  scene("goes wrong while it runs: exit 2, with BigQuery's own words", async (context) => {
    const warehouse = await loaded(context);
    await assert.rejects(rowsOf(warehouse, "SELECT CAST(symbol AS INT64) AS n FROM spot_klines"), (error: AppError) => {
      assert.deepEqual([error.code, error.exitCode], ["sql-error", 2]);
      assert.match(error.message, /BTCUSDT/);
      return true;
    });
  });

  scene("is given up: its job is cancelled", async (context) => {
    const warehouse = await loaded(context);
    const stop = new AbortController();
    context.front.twin.jobs.polls = 1000;
    context.front.interfere = ({ method, path }) => {
      if (method === "GET" && path.includes("/jobs/candlelake_query_")) stop.abort();
      return undefined;
    };
    await assert.rejects(warehouse.query("SELECT 1 AS one FROM spot_klines", stop.signal), Interrupted);
    assert.ok(context.front.seen.some(({ path }) => path.endsWith("/cancel")));
  });
});

describe("the client", () => {
  scene("keeps its address, whatever its own variable says", async (context) => {
    process.env["BIGQUERY_EMULATOR_HOST"] = "http://127.0.0.1:1";
    try {
      const warehouse = context.open();
      await warehouse.setup();
      assert.equal(process.env["BIGQUERY_EMULATOR_HOST"], "http://127.0.0.1:1");
      assert.ok(context.front.seen.every(({ path }) => path.startsWith("/bigquery/v2/projects/demo/")));
    } finally {
      delete process.env["BIGQUERY_EMULATOR_HOST"];
    }
  });
});
