import * as assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { DuckDbWarehouse } from "../../src/warehouses/duckdb.ts";
import { codeOf, load, rowsOf } from "../contract/warehouse.ts";
import { TestLake } from "../contract/warehouse-lake.ts";

/** Opens a database as a notebook would, and answers a statement a line. */
const NOTEBOOK = `
  import { createInterface } from "node:readline";
  import { DuckDBInstance } from "@duckdb/node-api";
  const instance = await DuckDBInstance.create(process.env.FILE, JSON.parse(process.env.OPTIONS));
  const connection = await instance.connect();
  console.log("open");
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const rows = await (await connection.run(line)).getRowsJson();
      console.log(JSON.stringify(rows));
    } catch (error) {
      console.log(JSON.stringify(String(error.message)));
    }
  }
  connection.closeSync();
  instance.closeSync();
`;

/** Another process that has a file open. */
class Notebook {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.child = child;
    if (!child.stdout) throw new Error("no stdout");
    this.answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async open(file: string, options: Record<string, string>): Promise<Notebook> {
    const environment = { ...process.env, FILE: file, OPTIONS: JSON.stringify(options) };
    const child = spawn(process.execPath, ["--input-type=module", "-e", NOTEBOOK], {
      env: environment,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const notebook = new Notebook(child);
    assert.equal((await notebook.answers.next()).value, "open");
    return notebook;
  }

  async run(sql: string): Promise<unknown> {
    this.child.stdin?.write(`${sql}\n`);
    return JSON.parse((await this.answers.next()).value);
  }

  async close(): Promise<void> {
    this.child.stdin?.end();
    await once(this.child, "exit");
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }
}

const COUNT = "SELECT count(*) FROM btc_forecast_raw.spot_klines";

/** A warehouse with one month of 24 rows. */
async function scene(run: (scene: { file: string; lake: TestLake; warehouse: DuckDbWarehouse }) => Promise<void>) {
  const folder = mkdtempSync(path.join(tmpdir(), "candlelake-notebook-"));
  const file = path.join(folder, "lake.duckdb");
  const lake = new TestLake(path.join(folder, "lake"));
  const warehouse = new DuckDbWarehouse({ file, synthetic: false });
  try {
    await load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01" }]));
    await run({ file, lake, warehouse });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(".")),
      [],
      "nothing is left",
    );
  } finally {
    await warehouse.close();
    rmSync(folder, { recursive: true });
  }
}

describe("a notebook that reads", () => {
  test("neither blocks loads nor sees them until it opens the file again", () =>
    scene(async ({ file, lake, warehouse }) => {
      const notebook = await Notebook.open(file, { access_mode: "READ_ONLY" });
      assert.deepEqual(await notebook.run(COUNT), [["24"]]);
      for (const month of ["2025-02", "2025-03"]) {
        await load(warehouse, lake.candleUnit(month, [{ day: `${month}-01` }]));
        assert.deepEqual(await notebook.run(COUNT), [["24"]]);
      }
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[72]]);
      await notebook.close();
      const again = await Notebook.open(file, { access_mode: "READ_ONLY" });
      assert.deepEqual(await again.run(COUNT), [["72"]]);
      await again.close();
    }));

  test("can be opened while a load is at work, and sees all of it or nothing", () =>
    scene(async ({ file, lake }) => {
      const seen = new Set<unknown>();
      const onStep = async () => {
        const notebook = await Notebook.open(file, { access_mode: "READ_ONLY" });
        seen.add(JSON.stringify(await notebook.run(COUNT)));
        await notebook.close();
      };
      const watched = new DuckDbWarehouse({ file, synthetic: false, onStep });
      await load(
        watched,
        lake.candleUnit("2025-01", [{ day: "2025-01-01", rows: 1 }]),
        lake.candleUnit("2025-02", [{ day: "2025-02-01" }]),
      );
      assert.deepEqual([...seen], ['[["24"]]', '[["25"]]']);
    }));
});

describe("a notebook that writes", () => {
  test("does not block a load or a query while it has nothing unfinished", () =>
    scene(async ({ file, lake, warehouse }) => {
      const notebook = await Notebook.open(file, {});
      assert.equal((await warehouse.ledger()).length, 1);
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[24]]);
      await load(warehouse, lake.candleUnit("2025-02", [{ day: "2025-02-01" }]));
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[48]]);
      assert.deepEqual(await notebook.run(COUNT), [["24"]]);
      await notebook.close();
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[48]]);
    }));

  test("keeps what it has not finished: a load waits for it, a query reads it", () =>
    scene(async ({ file, lake, warehouse }) => {
      const notebook = await Notebook.open(file, {});
      await notebook.run("CREATE TABLE mine AS SELECT 42 AS answer");
      assert.ok(existsSync(`${file}.wal`));
      assert.deepEqual(await rowsOf(warehouse, "SELECT answer FROM main.mine"), [[42]]);
      const february = lake.candleUnit("2025-02", [{ day: "2025-02-01" }]);
      assert.equal(await codeOf(load(warehouse, february)), "warehouse-busy");
      assert.equal((await warehouse.ledger()).length, 1);
      await notebook.close();
      await load(warehouse, february);
      assert.deepEqual(await rowsOf(warehouse, "SELECT answer, (SELECT count(*) FROM spot_klines) FROM main.mine"), [
        [42, 48],
      ]);
    }));

  test("that was killed loses nothing that it had committed", () =>
    scene(async ({ file, lake, warehouse }) => {
      const notebook = await Notebook.open(file, {});
      await notebook.run("CREATE TABLE mine AS SELECT 42 AS answer");
      await notebook.kill();
      assert.ok(existsSync(`${file}.wal`));
      assert.deepEqual(await rowsOf(warehouse, "SELECT answer FROM main.mine"), [[42]]);
      await load(warehouse, lake.candleUnit("2025-02", [{ day: "2025-02-01" }]));
      assert.ok(!existsSync(`${file}.wal`));
      assert.deepEqual(await rowsOf(warehouse, "SELECT answer, (SELECT count(*) FROM spot_klines) FROM main.mine"), [
        [42, 48],
      ]);
    }));

  test("writes into the file that was replaced, and never into the new one", () =>
    scene(async ({ file, lake, warehouse }) => {
      const notebook = await Notebook.open(file, {});
      await load(warehouse, lake.candleUnit("2025-02", [{ day: "2025-02-01" }]));
      await notebook.run("DELETE FROM btc_forecast_raw.spot_klines");
      assert.ok(existsSync(`${file}.wal`));
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[48]]);
      assert.equal((await warehouse.ledger()).length, 2);
      const march = lake.candleUnit("2025-03", [{ day: "2025-03-01" }]);
      assert.equal(await codeOf(load(warehouse, march)), "warehouse-busy");
      await notebook.kill();
      assert.equal(await codeOf(load(warehouse, march)), "warehouse-busy");
      renameSync(`${file}.wal`, `${file}.old-wal`);
      await load(warehouse, march);
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[72]]);
    }));

  test("that writes while a load is at work keeps its file", () =>
    scene(async ({ file, lake }) => {
      const notebook = await Notebook.open(file, {});
      const onStep = async (step: string) => {
        if (step === "checkpoint") await notebook.run("CREATE TABLE mine AS SELECT 42 AS answer");
      };
      const watched = new DuckDbWarehouse({ file, synthetic: false, onStep });
      assert.equal(await codeOf(load(watched, lake.candleUnit("2025-02", [{ day: "2025-02-01" }]))), "warehouse-busy");
      await notebook.close();
      const warehouse = new DuckDbWarehouse({ file, synthetic: false });
      assert.deepEqual(await rowsOf(warehouse, "SELECT answer, (SELECT count(*) FROM spot_klines) FROM main.mine"), [
        [42, 24],
      ]);
    }));

  test("of a file whose storage takes any log has to close it before a load", () =>
    scene(async ({ file, lake }) => {
      const old = `${file}-old.duckdb`;
      const notebook = await Notebook.open(old, { storage_compatibility_version: "v1.0.0" });
      await notebook.run("CREATE TABLE mine AS SELECT 42 AS answer");
      await notebook.run("CHECKPOINT");
      const warehouse = new DuckDbWarehouse({ file: old, synthetic: false });
      const unit = lake.candleUnit("2025-02", [{ day: "2025-02-01" }]);
      assert.equal(await codeOf(load(warehouse, unit)), "warehouse-busy");
      await notebook.close();
      await load(warehouse, unit);
      assert.deepEqual(await rowsOf(warehouse, "SELECT answer, (SELECT count(*) FROM spot_klines) FROM main.mine"), [
        [42, 24],
      ]);
    }));
});

describe("a link to the file", () => {
  test("stays a link", () =>
    scene(async ({ file, lake, warehouse }) => {
      const link = path.join(path.dirname(file), "link.duckdb");
      symlinkSync(file, link);
      await load(
        new DuckDbWarehouse({ file: link, synthetic: false }),
        lake.candleUnit("2025-02", [{ day: "2025-02-01" }]),
      );
      assert.ok(lstatSync(link).isSymbolicLink());
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[48]]);
    }));
});

describe("a log without its file", () => {
  test("is left to its owner", () =>
    scene(async ({ file, lake }) => {
      const gone = `${file}-gone.duckdb`;
      writeFileSync(`${gone}.wal`, "whatever");
      const warehouse = new DuckDbWarehouse({ file: gone, synthetic: false });
      assert.equal(
        await codeOf(load(warehouse, lake.candleUnit("2025-02", [{ day: "2025-02-01" }]))),
        "warehouse-busy",
      );
      assert.equal(readFileSync(`${gone}.wal`, "utf8"), "whatever");
      assert.ok(!existsSync(gone) && statSync(file).size > 0);
    }));
});
