import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { AppError, Interrupted } from "../../src/core/errors.ts";
import { FUNDING_RATES } from "../../src/market/funding-rates.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import type { LakeTable, QueryResult } from "../../src/ports/warehouse.ts";
import { openSession, temporarySpill } from "../../src/warehouses/duckdb/session.ts";
import { DuckDbWarehouse } from "../../src/warehouses/duckdb.ts";
import { DuckDbLakeSql } from "../../src/warehouses/lake-sql.ts";
import { load } from "../contract/warehouse.ts";
import { candles, TestLake } from "../contract/warehouse-lake.ts";

const COUNT = "SELECT count(*) FROM spot_klines";
const DAYS = ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"].map((day) => ({ day }));

let folder: string;
let lake: TestLake;
let lakeSql: DuckDbLakeSql;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "candlelake-lake-"));
  lake = new TestLake(path.join(folder, "lake"));
  lakeSql = new DuckDbLakeSql({ root: lake.folder, synthetic: false });
});

after(() => rmSync(folder, { recursive: true }));

async function readAll({ batches }: QueryResult): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for await (const batch of batches) rows.push(...batch.map((row) => [...row]));
  return rows;
}

const tableOf = (unit: { objects: readonly { path: string }[] }): LakeTable => ({
  table: SPOT_KLINES,
  paths: unit.objects.map((object) => object.path),
});

/** What another DuckDB reads from a file. */
async function inspect(sql: string): Promise<unknown[][]> {
  const session = await openSession({
    file: ":memory:",
    readOnly: false,
    memoryLimit: "64MB",
    spill: temporarySpill(),
  });
  const rows = await (await session.connection.run(sql)).getRowsJson();
  await session.close();
  return rows;
}

const failsWith =
  (code: string, exitCode: number, part: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof AppError);
    assert.deepEqual([error.code, error.exitCode], [code, exitCode], error.message);
    assert.ok(error.message.includes(part), error.message);
    return true;
  };

describe("the lake's tables", () => {
  test("are what manifests vouch for, and nothing where that is nothing", async () => {
    const table = tableOf(lake.candleUnit("2025-01", DAYS));
    assert.deepEqual(await readAll(await lakeSql.query(COUNT, [table])), [[96]]);
    assert.deepEqual(await readAll(await lakeSql.query(COUNT, [{ ...table, paths: table.paths.slice(1) }])), [[72]]);
    assert.deepEqual(await readAll(await lakeSql.query(COUNT, [{ ...table, paths: [] }])), [[0]]);
    await assert.rejects(lakeSql.query(COUNT, []), { code: "sql-error" });
  });

  test("lie under the names that the warehouse has for them, in either world", async () => {
    const table = tableOf(lake.candleUnit("2025-01", [{ day: "2025-01-01", venue: "synthetic" }]));
    const made = new DuckDbLakeSql({ root: lake.folder, synthetic: true });
    const sql = "SELECT count(*) FROM btc_forecast_raw_synthetic.spot_klines";
    assert.deepEqual(await readAll(await made.query(sql, [table])), [[24]]);
    await assert.rejects(lakeSql.query(sql, [table]), { code: "sql-error" });
  });

  test("may lie in folders whose names look like patterns", async () => {
    const odd = new TestLake(path.join(lake.folder, "[a]*'?"));
    new TestLake(path.join(lake.folder, "aX'X")).object(SPOT_KLINES, candles({ day: "2025-01-05" }), "x.parquet");
    const unit = odd.candleUnit("2025-01", DAYS);
    assert.deepEqual(await readAll(await lakeSql.query(COUNT, [tableOf(unit)])), [[96]]);
    // DuckDB takes what follows a question mark in a database's own path for parameters.
    const warehouse = new DuckDbWarehouse({ file: path.join(lake.folder, "[a]*'", "w.duckdb"), synthetic: false });
    await load(warehouse, unit);
    assert.deepEqual(await readAll(await warehouse.query(COUNT)), [[96]]);
    const target = path.join(odd.folder, "out.parquet");
    assert.equal(await lakeSql.exportTo(tableOf(unit), undefined, target, "parquet"), 96);
  });

  test("name the file that is damaged or gone", async () => {
    const unit = lake.candleUnit("2025-01", DAYS);
    for (const { path: file, key } of unit.objects) {
      const bytes = readFileSync(file);
      const hole = Buffer.from(bytes).fill(0, 40, 940);
      for (const damaged of [bytes.subarray(0, bytes.length / 2), hole, Buffer.from("no Parquet at all")]) {
        writeFileSync(file, damaged);
        const answer = lakeSql.query("SELECT * FROM spot_klines ORDER BY ALL", [tableOf(unit)]).then(readAll);
        await assert.rejects(answer, failsWith("corrupt-object", 3, key));
        const target = path.join(folder, "out.parquet");
        const exported = lakeSql.exportTo(tableOf(unit), undefined, target, "parquet");
        await assert.rejects(exported, failsWith("corrupt-object", 3, key));
      }
      rmSync(file);
      await assert.rejects(lakeSql.query(COUNT, [tableOf(unit)]).then(readAll), failsWith("object-missing", 3, key));
      writeFileSync(file, bytes);
    }
    assert.deepEqual(readdirSync(folder), ["lake"]);
  });

  test("name the damaged file when it is loaded, hash or no hash", async () => {
    const unit = lake.candleUnit("2025-01", DAYS);
    const [, second] = unit.objects;
    if (!second) return assert.fail();
    writeFileSync(second.path, Buffer.from(readFileSync(second.path)).fill(0, 40, 940));
    const sha256 = createHash("sha256").update(readFileSync(second.path)).digest("hex");
    const objects = unit.objects.map((object) => (object === second ? { ...object, sha256 } : object));
    const warehouse = new DuckDbWarehouse({ file: path.join(folder, "damaged.duckdb"), synthetic: false });
    await assert.rejects(load(warehouse, { ...unit, objects }), failsWith("corrupt-object", 3, second.key));
    await assert.rejects(load(warehouse, unit), failsWith("object-changed", 3, second.key));
    assert.deepEqual(readdirSync(folder), ["lake"]);
  });
});

describe("an export", () => {
  const range = { from: Date.UTC(2025, 0, 1, 22), to: Date.UTC(2025, 0, 2, 2) };
  /** Two series whose files come in the wrong order. */
  const unit = () =>
    tableOf(
      lake.candleUnit("2025-01", [
        { day: "2025-01-02" },
        { day: "2025-01-01" },
        { day: "2025-01-01", symbol: "ADAUSDT" },
      ]),
    );

  test("to Parquet has the rows of the range in key order, times in UTC", async () => {
    const file = path.join(folder, "deep", "out.parquet");
    mkdirSync(path.dirname(file));
    assert.equal(await lakeSql.exportTo(unit(), range, file, "parquet"), 6);
    assert.deepEqual(await inspect(`SELECT symbol, hour(open_time AT TIME ZONE 'UTC') FROM '${file}'`), [
      ["ADAUSDT", "22"],
      ["ADAUSDT", "23"],
      ["BTCUSDT", "22"],
      ["BTCUSDT", "23"],
      ["BTCUSDT", "0"],
      ["BTCUSDT", "1"],
    ]);
    const schema = await inspect(
      `SELECT name, type, logical_type FROM parquet_schema('${file}') WHERE type IS NOT NULL`,
    );
    assert.deepEqual(
      schema.map(([name]) => name),
      SPOT_KLINES.columns.map((column) => column.name),
    );
    for (const [name, type, logical] of schema) {
      if (name !== "ts" && name !== "open_time") continue;
      assert.equal(type, "INT64");
      assert.match(String(logical), /isAdjustedToUTC=1.*MICROS/);
    }
    assert.deepEqual(
      await inspect(
        `SELECT DISTINCT compression, num_row_groups FROM parquet_metadata('${file}'), parquet_file_metadata('${file}')`,
      ),
      [["ZSTD", "1"]],
    );
    rmSync(path.dirname(file), { recursive: true });
  });

  test("to CSV has ISO times and nothing for NULL", async () => {
    const time = Date.UTC(2025, 0, 1, 8) * 1000;
    const row = { symbol: "BTCUSDT", venue: "binance", source: "rest", funding_rate: 1e-4, interval_hours: 8 };
    const object = lake.object(FUNDING_RATES, [
      { ...row, funding_time: time + 5000 },
      { ...row, funding_time: time + 28_800_000_007, mark_price: 0.1 },
    ]);
    const file = path.join(folder, "out.csv");
    assert.equal(await lakeSql.exportTo({ table: FUNDING_RATES, paths: [object.path] }, undefined, file, "csv"), 2);
    assert.equal(
      readFileSync(file, "utf8"),
      "funding_time,funding_rate,interval_hours,mark_price,symbol,venue,source\n" +
        "2025-01-01T08:00:00.005Z,0.0001,8,,BTCUSDT,binance,rest\n" +
        "2025-01-01T16:00:00.000007Z,0.0001,8,0.1,BTCUSDT,binance,rest\n",
    );
    rmSync(file);
  });

  test("to Arrow has the same rows", async () => {
    const file = path.join(folder, "out.arrow");
    assert.equal(await lakeSql.exportTo(unit(), range, file, "arrow"), 6);
    const table = tableFromIPC(readFileSync(file), { useDate: true });
    assert.deepEqual([table.numRows, table.names], [6, SPOT_KLINES.columns.map((column) => column.name)]);
    assert.deepEqual([...table.getChild("symbol")].join(), "ADAUSDT,ADAUSDT,BTCUSDT,BTCUSDT,BTCUSDT,BTCUSDT");
    assert.deepEqual([...table.getChild("close")], [122, 123, 122, 123, 100, 101]);
    assert.equal(table.getChild("open_time").at(4).toISOString(), "2025-01-02T00:00:00.000Z");
    rmSync(file);
  });

  test("of nothing is a file without rows", async () => {
    for (const format of ["parquet", "csv", "arrow"] as const) {
      const file = path.join(folder, `none.${format}`);
      assert.equal(await lakeSql.exportTo({ table: SPOT_KLINES, paths: [] }, undefined, file, format), 0);
      assert.ok(existsSync(file));
      rmSync(file);
    }
  });

  test("replaces a file whole, or leaves it", async () => {
    const file = path.join(folder, "out.csv");
    writeFileSync(file, "mine");
    const stop = new AbortController();
    stop.abort();
    await assert.rejects(lakeSql.exportTo(unit(), range, file, "csv", stop.signal), Interrupted);
    assert.equal(readFileSync(file, "utf8"), "mine");
    assert.equal(await lakeSql.exportTo(unit(), range, file, "csv"), 6);
    assert.match(readFileSync(file, "utf8"), /^ts,open,/);
    rmSync(file);
    assert.deepEqual(readdirSync(folder), ["lake"]);
  });

  test("refuses a target that is no file, or that cannot be written", async () => {
    const inner = path.join(folder, "folder.parquet");
    mkdirSync(inner);
    await assert.rejects(lakeSql.exportTo(unit(), range, inner, "parquet"), failsWith("export-target", 2, inner));
    writeFileSync(path.join(inner, "file"), "");
    const below = path.join(inner, "file", "out.parquet");
    await assert.rejects(lakeSql.exportTo(unit(), range, below, "parquet"), failsWith("export-failed", 4, below));
    rmSync(inner, { recursive: true });
  });

  test("refuses a folder that is not there", async () => {
    const nowhere = path.join(folder, "nowhere");
    const exported = lakeSql.exportTo(unit(), range, path.join(nowhere, "out.parquet"), "parquet");
    await assert.rejects(exported, failsWith("export-target", 2, `the folder ${nowhere} does not exist`));
    assert.ok(!existsSync(nowhere));
  });
});
