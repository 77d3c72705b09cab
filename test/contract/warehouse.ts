import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { describe, test } from "node:test";
import { AppError, Interrupted } from "../../src/core/errors.ts";
import { FUNDING_RATES } from "../../src/market/funding-rates.ts";
import { FUTURES_METRICS } from "../../src/market/futures-metrics.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { OPEN_INTEREST } from "../../src/market/open-interest.ts";
import type { LoadUnit, Warehouse } from "../../src/ports/warehouse.ts";
import { candles, type TestBucket, TestLake } from "./warehouse-lake.ts";

/** An empty place for warehouses of both worlds. */
export interface WarehousePlace extends AsyncDisposable {
  open(synthetic: boolean): Promise<Warehouse>;
  /** Where a warehouse that reads objects finds them. */
  readonly bucket?: TestBucket;
}

interface Scene {
  readonly warehouse: Warehouse;
  readonly place: WarehousePlace;
  readonly lake: TestLake;
}

export async function rowsOf(warehouse: Warehouse, sql: string): Promise<unknown[][]> {
  const { batches } = await warehouse.query(sql);
  const rows: unknown[][] = [];
  for await (const batch of batches) rows.push(...batch.map((row) => [...row]));
  return rows;
}

/** Loads, and answers with what `done` was told. */
export async function load(warehouse: Warehouse, ...units: LoadUnit[]): Promise<[string, number][]> {
  const told: [string, number][] = [];
  await warehouse.load(units, (unit, rows) => told.push([`${unit.table.name} ${unit.month}`, rows]));
  return told;
}

/** The code of the error that `work` must end with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return assert.fail("nothing was refused");
}

const COUNT = "SELECT count(*) AS n FROM spot_klines";
const BY_DAY =
  "SELECT symbol, min(open_time) AS first, count(*) AS n, max(close) AS top FROM spot_klines " +
  "GROUP BY symbol ORDER BY symbol";

/** What every warehouse has to do; `make` gives an empty one. */
export function warehouseContract(name: string, make: () => Promise<WarehousePlace>): void {
  const scene = (title: string, run: (scene: Scene) => Promise<void>, synthetic = false): void => {
    test(title, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), "candlelake-contract-"));
      await using place = await make();
      const warehouse = await place.open(synthetic);
      try {
        await run({ warehouse, place, lake: new TestLake(path.join(folder, "lake"), place.bucket) });
      } finally {
        await warehouse.close();
        rmSync(folder, { recursive: true });
      }
    });
  };

  // One that reads files looks into them; one that reads objects is told of them, and what it finds wrong has one name.
  const looks = (warehouse: Warehouse): boolean => warehouse.reads === "files";

  describe(`warehouse contract: ${name}`, () => {
    scene("setup creates everything, then says that it is there", async ({ warehouse }) => {
      const first = await warehouse.setup();
      assert.deepEqual([first.exists, first.differs], [[], []]);
      for (const table of ["spot_klines", "futures_metrics", "funding_rates", "open_interest", "load_ledger"]) {
        assert.ok(first.created.includes(`btc_forecast_raw.${table}`), table);
      }
      const second = await warehouse.setup();
      assert.deepEqual(second, { created: [], exists: first.created, differs: [], failed: [] });
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[0]]);
      assert.deepEqual(await warehouse.ledger(), []);
    });

    scene("the ledger of nothing is empty", async ({ warehouse }) => {
      assert.deepEqual(await warehouse.ledger(), []);
    });

    scene("a load brings the rows and says so in the ledger", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }, { day: "2025-01-02", close: 200 }]);
      assert.deepEqual(await load(warehouse, unit), [["spot_klines 2025-01", 48]]);
      assert.deepEqual(await rowsOf(warehouse, BY_DAY), [["BTCUSDT", "2025-01-01T00:00:00.000Z", 48, 223]]);
      const [row, ...others] = await warehouse.ledger();
      assert.deepEqual(others, []);
      assert.ok(row && row.jobId !== "" && Math.abs(row.loadedAt - Date.now()) < 600_000);
      const { series, content, rows } = unit.series[0] ?? assert.fail();
      assert.deepEqual(
        { ...row, jobId: "", loadedAt: 0 },
        { table: "spot_klines", month: "2025-01", series, content, rows, jobId: "", loadedAt: 0 },
      );
    });

    scene("values come back as they went in", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const [candle] = candles({ day: "2025-01-01", rows: 1 });
      const row = { ...candle, open: 0.1 + 0.2, quote_volume: 5e-324, num_trades: 2 ** 53 - 1, volume: null };
      await load(warehouse, lake.unit(SPOT_KLINES, "2025-01", "binance-us_btcusdt_spot_1h", [row]));
      const columns = "ts, open, quote_volume, volume, num_trades, open_time, venue, source";
      assert.deepEqual(await rowsOf(warehouse, `SELECT ${columns} FROM spot_klines`), [
        [
          "2025-01-01T00:59:59.999Z",
          0.30000000000000004,
          5e-324,
          null,
          2 ** 53 - 1,
          "2025-01-01T00:00:00.000Z",
          "binance-us",
          "rest",
        ],
      ]);
    });

    scene("every table takes its rows", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const time = Date.UTC(2025, 0, 3, 8) * 1000 + 7;
      const of = { symbol: "BTCUSDT", venue: "binance", source: "rest" };
      const [candle] = candles({ day: "2025-01-03", venue: "binance", source: "derived", rows: 1 });
      const told = await load(
        warehouse,
        lake.unit(FUNDING_RATES, "2025-01", "binance_btcusdt_um_funding", [
          { ...of, funding_time: time, funding_rate: -0.0001, interval_hours: 8 },
        ]),
        lake.unit(OPEN_INTEREST, "2025-01", "binance_btcusdt_um_oi_5m", [
          { ...of, time, open_interest: 1.5, open_interest_value: 3, period: "5m" },
        ]),
        lake.unit(FUTURES_METRICS, "2025-01", "binance_btcusdt_um_1h", [
          { ...candle, open_interest: 1.5, funding_time: time },
        ]),
      );
      assert.deepEqual(told, [
        ["funding_rates 2025-01", 1],
        ["open_interest 2025-01", 1],
        ["futures_metrics 2025-01", 1],
      ]);
      assert.deepEqual(
        await rowsOf(warehouse, "SELECT funding_time, funding_rate, interval_hours, mark_price FROM funding_rates"),
        [["2025-01-03T08:00:00.000007Z", -0.0001, 8, null]],
      );
      assert.deepEqual(
        await rowsOf(warehouse, "SELECT open_interest, funding_rate, funding_time FROM futures_metrics"),
        [[1.5, null, "2025-01-03T08:00:00.000007Z"]],
      );
      assert.equal((await warehouse.ledger()).length, 3);
    });

    scene("loading the same again changes nothing", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
      await load(warehouse, unit);
      const before = await warehouse.ledger();
      await load(warehouse, unit);
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[24]]);
      const times = (rows: typeof before) => rows.map((row) => ({ ...row, jobId: "", loadedAt: 0 }));
      assert.deepEqual(times(await warehouse.ledger()), times(before));
    });

    scene("a month is replaced whole, and its neighbours stay", async ({ warehouse, lake }) => {
      await warehouse.setup();
      await load(
        warehouse,
        lake.candleUnit("2024-12", [{ day: "2024-12-31" }]),
        lake.candleUnit("2025-01", [{ day: "2025-01-01" }, { day: "2025-01-31" }]),
        lake.candleUnit("2025-02", [{ day: "2025-02-01" }]),
      );
      await load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-15", rows: 3, close: 900 }]));
      assert.deepEqual(
        await rowsOf(
          warehouse,
          "SELECT min(open_time) AS first, count(*) AS n FROM spot_klines GROUP BY extract(month FROM open_time) ORDER BY first",
        ),
        [
          ["2024-12-31T00:00:00.000Z", 24],
          ["2025-01-15T00:00:00.000Z", 3],
          ["2025-02-01T00:00:00.000Z", 24],
        ],
      );
      assert.deepEqual((await warehouse.ledger()).map(({ month, rows }) => [month, rows]).sort(), [
        ["2024-12", 24],
        ["2025-01", 3],
        ["2025-02", 24],
      ]);
    });

    scene("a reader sees the old month or the new one", async ({ warehouse, place, lake }) => {
      await warehouse.setup();
      await load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01" }, { day: "2025-01-02" }]));
      const reader = await place.open(false);
      const seen = new Set<unknown>();
      let loading = true;
      const loaded = load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-03", rows: 5 }])).finally(() => {
        loading = false;
      });
      while (loading) seen.add((await rowsOf(reader, COUNT))[0]?.[0]);
      await loaded;
      seen.add((await rowsOf(reader, COUNT))[0]?.[0]);
      assert.deepEqual([...seen], seen.size === 1 ? [5] : [48, 5]);
      await reader.close();
    });

    scene("series of a unit come and go with it", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const [bitcoin, ether] = [{ day: "2025-01-01" }, { day: "2025-01-01", symbol: "ETHUSDT", close: 10 }];
      await load(warehouse, lake.candleUnit("2025-01", [ether, bitcoin]));
      assert.deepEqual(
        (await rowsOf(warehouse, BY_DAY)).map((row) => [row[0], row[2]]),
        [
          ["BTCUSDT", 24],
          ["ETHUSDT", 24],
        ],
      );
      assert.deepEqual((await warehouse.ledger()).map((row) => row.series).sort(), [
        "binance-us_btcusdt_spot_1h",
        "binance-us_ethusdt_spot_1h",
      ]);
      await load(warehouse, lake.candleUnit("2025-01", [bitcoin]));
      assert.deepEqual(
        (await rowsOf(warehouse, BY_DAY)).map((row) => row[0]),
        ["BTCUSDT"],
      );
      assert.deepEqual(
        (await warehouse.ledger()).map((row) => row.series),
        ["binance-us_btcusdt_spot_1h"],
      );
      await load(warehouse, { table: SPOT_KLINES, month: "2025-01", series: [], objects: [] });
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[0]]);
      assert.deepEqual(await warehouse.ledger(), []);
    });

    scene("an object that is not what its manifest says ends the load before its unit", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const units = ["2025-01", "2025-02", "2025-03"].map((month) => lake.candleUnit(month, [{ day: `${month}-01` }]));
      const [, second] = units;
      const [object] = second?.objects ?? [];
      if (!object) return assert.fail();
      lake.damage(object);
      const told: string[] = [];
      const causes: [string, AppError][] = [];
      const failed = (unit: LoadUnit, cause: AppError) => causes.push([unit.month, cause]);
      await assert.rejects(
        warehouse.load(units, (unit) => told.push(unit.month), undefined, { failed }),
        (error: AppError) => {
          assert.deepEqual(causes, [["2025-02", error]]);
          assert.equal(error.code, looks(warehouse) ? "object-changed" : "object-refused");
          assert.equal(error.exitCode, 3);
          assert.ok(error.message.includes(object.key), error.message);
          return true;
        },
      );
      // A warehouse that loads several at once may have begun with what comes after.
      assert.deepEqual(told, looks(warehouse) ? ["2025-01"] : ["2025-01", "2025-03"]);
      assert.deepEqual(
        (await warehouse.ledger()).map((row) => row.month),
        told,
      );
      lake.remove(object);
      assert.equal(await codeOf(load(warehouse, ...units)), "object-missing");
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[24 * told.length]]);
    });

    scene("rows that the manifests do not tell of are refused", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const day = candles({ day: "2025-01-01" });
      const unit = (rows: typeof day) => lake.unit(SPOT_KLINES, "2025-01", "binance-us_btcusdt_spot_1h", rows);
      const short = unit(day);
      const counted = { ...short, objects: short.objects.map((object) => ({ ...object, rows: 25 })) };
      assert.equal(await codeOf(load(warehouse, counted)), "row-count");
      assert.equal(
        await codeOf(load(warehouse, unit([...day, ...candles({ day: "2025-02-01", rows: 1 })]))),
        looks(warehouse) ? "outside-month" : "object-refused",
      );
      if (looks(warehouse)) {
        assert.equal(await codeOf(load(warehouse, unit([...day, ...day.slice(3, 4)]))), "duplicate-key");
      }
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[0]]);
      assert.deepEqual(await warehouse.ledger(), []);
    });

    scene("made rows never get into a warehouse of real ones", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const strangers = [{ venue: "synthetic" }, ...(looks(warehouse) ? [{ source: "synthetic" }] : [])];
      for (const made of strangers) {
        const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }, { day: "2025-01-02", ...made }]);
        assert.equal(await codeOf(load(warehouse, unit)), "synthetic-row");
      }
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[0]]);
    });

    scene(
      "real rows never get into a warehouse of made ones, and the two know nothing of each other",
      async ({ warehouse, place, lake }) => {
        await warehouse.setup();
        assert.equal(await codeOf(load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01" }]))), "real-row");
        await load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01", venue: "synthetic" }]));
        const real = await place.open(false);
        await real.setup();
        await load(real, lake.candleUnit("2025-02", [{ day: "2025-02-01", rows: 5 }]));
        assert.deepEqual([await rowsOf(warehouse, COUNT), await rowsOf(real, COUNT)], [[[24]], [[5]]]);
        assert.deepEqual(
          (await warehouse.ledger()).map((row) => row.month),
          ["2025-01"],
        );
        assert.deepEqual(
          (await real.ledger()).map((row) => row.month),
          ["2025-02"],
        );
        await real.close();
      },
      true,
    );

    scene("statements that do more than read are refused", async ({ warehouse, lake }) => {
      await warehouse.setup();
      await load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01" }]));
      for (const sql of [
        "DROP TABLE spot_klines",
        "DELETE FROM spot_klines WHERE true",
        "UPDATE spot_klines SET close = 0 WHERE true",
        "INSERT INTO spot_klines SELECT * FROM spot_klines",
        "CREATE TABLE mine AS SELECT 1 AS one",
        "SELECT 1; DROP TABLE spot_klines",
      ]) {
        assert.equal(await codeOf(warehouse.query(sql)), "sql-refused", sql);
      }
      assert.equal(await codeOf(warehouse.query("SELECT * FROM nothing_of_that_name")), "sql-error");
      assert.equal(await codeOf(warehouse.query("SELEC 1")), "sql-error");
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[24]]);
    });

    scene("a load that is stopped keeps what was finished", async ({ warehouse, lake }) => {
      await warehouse.setup();
      const stop = new AbortController();
      stop.abort();
      const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
      await assert.rejects(
        warehouse.load([unit], () => assert.fail("nothing is done"), stop.signal),
        Interrupted,
      );
      assert.deepEqual(await warehouse.ledger(), []);
    });
  });
}
