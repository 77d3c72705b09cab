import * as assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { AppError, Interrupted } from "../../src/core/errors.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { DuckDbWarehouse } from "../../src/warehouses/duckdb.ts";
import { codeOf, load, rowsOf } from "../contract/warehouse.ts";
import { TestLake } from "../contract/warehouse-lake.ts";
import { edit } from "../fakes/duckdb-file.ts";

let folder: string;
let file: string;
let lake: TestLake;
let warehouse: DuckDbWarehouse;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "candlelake-refusal-"));
  file = path.join(folder, "lake.duckdb");
  lake = new TestLake(path.join(folder, "lake"));
  warehouse = new DuckDbWarehouse({ file, synthetic: false });
});

afterEach(() => rmSync(folder, { recursive: true }));

const january = () => lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);

/** Everything that a warehouse offers. */
const uses: readonly (readonly [string, (warehouse: Warehouse) => Promise<unknown>])[] = [
  ["setup", (it) => it.setup()],
  ["ledger", (it) => it.ledger()],
  ["load", (it) => load(it, january())],
  ["query", (it) => it.query("SELECT 1")],
];

describe("a file that is no warehouse", () => {
  const foreign: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ["text", () => Buffer.from("id,name\n1,mine\n")],
    ["nothing", () => Buffer.alloc(0)],
    ["the beginning of a database", (bytes) => bytes.subarray(0, 20_000)],
    ["a database of a later DuckDB", (bytes) => Buffer.from(bytes).fill(99, 12, 13)],
    ["a database with a damaged header", (bytes) => Buffer.from(bytes).fill(7, 4096, 4200)],
  ];
  for (const [what, make] of foreign) {
    test(`is left as it is: ${what}`, async () => {
      await load(warehouse, january());
      const bytes = make(readFileSync(file));
      writeFileSync(file, bytes);
      for (const [use, run] of uses) {
        await assert.rejects(run(warehouse), (error: AppError) => {
          assert.deepEqual([error.code, error.exitCode], ["not-a-warehouse", 4], `${use}: ${error.message}`);
          assert.ok(error.message.startsWith(file), error.message);
          assert.equal(error.next, `candlelake load --warehouse duckdb:${path.join(folder, "lake-2.duckdb")}`);
          return true;
        });
        assert.ok(bytes.equals(readFileSync(file)), use);
      }
      assert.deepEqual(readdirSync(folder).sort(), ["lake", "lake.duckdb"]);
    });
  }

  test("is left as it is: a folder", async () => {
    mkdirSync(file);
    for (const [use, run] of uses) assert.equal(await codeOf(run(warehouse)), "not-a-warehouse", use);
  });

  test("has a next command that a shell reads as it stands", async () => {
    const odd = path.join(folder, "it's mine.txt");
    writeFileSync(odd, "text");
    await assert.rejects(new DuckDbWarehouse({ file: odd, synthetic: false }).ledger(), (error: AppError) => {
      assert.equal(error.next, `candlelake load --warehouse 'duckdb:${folder}/it'\\''s mine-2.duckdb'`);
      return true;
    });
  });

  test("cannot lie where DuckDB does not find its log", async () => {
    const odd = new DuckDbWarehouse({ file: path.join(folder, "what?.duckdb"), synthetic: false });
    for (const [use, run] of uses) assert.equal(await codeOf(run(odd)), "bad-path", use);
  });
});

test("a warehouse whose rows are damaged is blamed, not the query", async () => {
  await load(warehouse, january());
  await edit(file, "INSERT INTO btc_forecast_raw.spot_klines (close) SELECT random() FROM range(500_000)");
  const bytes = readFileSync(file);
  const codes = new Set<string>();
  for (let block = 1; block * 262_144 < bytes.length; block++) {
    writeFileSync(file, Buffer.from(bytes).fill(0xff, block * 262_144, block * 262_144 + 100));
    try {
      await rowsOf(warehouse, "SELECT close FROM spot_klines");
    } catch (error) {
      if (error instanceof AppError) codes.add(`${error.code} ${error.exitCode}`);
    }
  }
  // What DuckDB reads when it opens the file is its own; the rest are rows.
  assert.ok(codes.delete("damaged-warehouse 4"));
  assert.deepEqual([...codes], ["not-a-warehouse 4"]);
});

describe("a warehouse that is not there yet", () => {
  test("is made by setup or by a load, and missed by a query", async () => {
    await assert.rejects(warehouse.query("SELECT 1"), { code: "no-warehouse", exitCode: 4, next: "candlelake load" });
    assert.deepEqual(await warehouse.ledger(), []);
    assert.ok(!existsSync(file));
    await load(warehouse, january());
    assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) FROM spot_klines"), [[24]]);
    assert.deepEqual((await warehouse.setup()).created, []);
  });

  test("lives in a file of the user's beside the user's own tables", async () => {
    await edit(file, "CREATE TABLE mine AS SELECT 42 AS answer");
    assert.deepEqual(await warehouse.ledger(), []);
    assert.equal(await codeOf(warehouse.query("SELECT 1")), "no-warehouse");
    const { created, exists } = await warehouse.setup();
    assert.deepEqual([created.length, exists.length], [7, 0]);
    await load(warehouse, january());
    assert.deepEqual(await rowsOf(warehouse, "SELECT answer, (SELECT count(*) FROM spot_klines) FROM main.mine"), [
      [42, 24],
    ]);
  });
});

describe("a warehouse that differs", () => {
  test("is told what differs, is not changed, and takes no load", async () => {
    await load(warehouse, january());
    for (const [statement, difference] of [
      ["ALTER TABLE btc_forecast_raw.spot_klines ALTER close TYPE FLOAT", "column close is FLOAT and should be DOUBLE"],
      ["ALTER TABLE btc_forecast_raw.spot_klines DROP COLUMN close", "it has no column close"],
      ["ALTER TABLE btc_forecast_raw.spot_klines ADD COLUMN note VARCHAR", "it has no column close"],
      ["ALTER TABLE btc_forecast_raw.spot_klines ADD COLUMN close DOUBLE", "it has a column note of its own"],
    ] as const) {
      await edit(file, statement);
      const bytes = readFileSync(file);
      const { created, differs } = await warehouse.setup();
      const next = `candlelake load --warehouse duckdb:${path.join(folder, "lake-2.duckdb")}`;
      assert.deepEqual([created, differs], [[], [{ table: "btc_forecast_raw.spot_klines", difference, next }]]);
      await assert.rejects(load(warehouse, january()), { code: "table-differs", exitCode: 4, next });
      assert.ok(bytes.equals(readFileSync(file)));
    }
  });

  test("of a later format is left to a later candlelake", async () => {
    await load(warehouse, january());
    await edit(file, "COMMENT ON TABLE btc_forecast_raw.load_ledger IS 'What was loaded (warehouse format 2)'");
    for (const [use, run] of uses) assert.equal(await codeOf(run(warehouse)), "newer-format", use);
  });
});

describe("a load that is stopped", () => {
  const units = () =>
    ["2025-01", "2025-02", "2025-03"].map((month) => lake.candleUnit(month, [{ day: `${month}-01` }]));

  test("before its first unit leaves the file as it was", async () => {
    const stop = new AbortController();
    for (const step of ["copy", "open"]) {
      const watched = new DuckDbWarehouse({
        file,
        synthetic: false,
        onStep: (now) => void (now === step && stop.abort()),
      });
      await assert.rejects(
        watched.load(units(), () => assert.fail("nothing is done"), stop.signal),
        Interrupted,
      );
      assert.deepEqual(readdirSync(folder), ["lake"]);
    }
  });

  test("between units keeps those that were finished, within a second", async () => {
    const stop = new AbortController();
    let stopped = 0;
    const onStep = (step: string) => {
      if (step !== "commit") return;
      stopped = performance.now();
      stop.abort();
    };
    const watched = new DuckDbWarehouse({ file, synthetic: false, onStep });
    const [first, ...others] = units();
    const huge = others.map((unit) => ({
      ...unit,
      objects: unit.objects.map((object) => ({ ...object, rows: 500_000 })),
    }));
    const told: string[] = [];
    const loading = watched.load(first ? [first, ...huge] : [], (unit) => told.push(unit.month), stop.signal);
    await assert.rejects(loading, Interrupted);
    assert.ok(performance.now() - stopped < 1000);
    assert.deepEqual(told, ["2025-01"]);
    assert.deepEqual(
      (await warehouse.ledger()).map((row) => row.month),
      ["2025-01"],
    );
  });

  test("loads nothing where there is nothing to load", async () => {
    await warehouse.load([], () => assert.fail("nothing is done"));
    assert.ok(!existsSync(file));
  });
});

test("a file that shrinks while it is read is told, not taken for a warehouse", async () => {
  await load(warehouse, january());
  const onStep = (step: string) => {
    if (step === "checkpoint") truncateSync(file, 100);
  };
  const watched = new DuckDbWarehouse({ file, synthetic: false, onStep });
  assert.equal(await codeOf(load(watched, january())), "warehouse-busy");
});
