import * as assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { LedgerRow, LoadUnit } from "../../src/ports/warehouse.ts";
import { DuckDbWarehouse } from "../../src/warehouses/duckdb.ts";
import { load, rowsOf } from "../contract/warehouse.ts";
import { TestLake } from "../contract/warehouse-lake.ts";

/** Loads the units of a file and kills itself before a step, counted from 0; -1 for never. */
const LOADER = `
  import { readFileSync } from "node:fs";
  import { TABLE } from "./src/market/tables.ts";
  import { DuckDbWarehouse } from "./src/warehouses/duckdb.ts";
  const { file, units, step } = JSON.parse(readFileSync(process.env.JOB, "utf8"));
  let count = 0;
  const onStep = () => {
    if (count++ === step) process.kill(process.pid, "SIGKILL");
  };
  const warehouse = new DuckDbWarehouse({ file, synthetic: false, onStep });
  console.log("ready");
  await warehouse.load(units.map((unit) => ({ ...unit, table: TABLE[unit.table] })), () => {});
  console.log(count);
`;

let folder: string;
let file: string;
let base: string;
let units: readonly LoadUnit[];
/** What the tables and the ledger have before, and when a load went undisturbed. */
let old: string;
let whole: string;

const content = async (): Promise<string> => {
  const warehouse = new DuckDbWarehouse({ file, synthetic: false });
  const rows = await rowsOf(warehouse, "SELECT * FROM spot_klines ORDER BY ALL");
  const timeless = (row: LedgerRow) => ({ ...row, loadedAt: 0 });
  return JSON.stringify([rows, (await warehouse.ledger()).map(timeless)]);
};

/** Starts a load in a process of its own; `step` is where it kills itself. */
function start(step: number) {
  const job = path.join(folder, "job.json");
  writeFileSync(job, JSON.stringify({ file, step, units: units.map((unit) => ({ ...unit, table: unit.table.name })) }));
  const child = spawn(process.execPath, ["--input-type=module", "-e", LOADER], {
    env: { ...process.env, JOB: job },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  const ended = once(child, "exit").then(() => output);
  return { child, ended, ready: once(child.stdout, "data") };
}

/** Whatever state a kill left: it is the old one or the new one, and a rerun makes it the new one. */
async function settles(): Promise<"old" | "new"> {
  const left = await content();
  assert.ok(left === old || left === whole, "a kill left something between old and new");
  assert.ok(!existsSync(`${file}.wal`));
  await load(new DuckDbWarehouse({ file, synthetic: false }), ...units);
  assert.equal(await content(), whole);
  assert.deepEqual(readdirSync(path.dirname(file)), ["lake.duckdb"]);
  return left === old ? "old" : "new";
}

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "candlelake-kill-"));
  const lake = new TestLake(path.join(folder, "lake"));
  file = path.join(folder, "warehouse", "lake.duckdb");
  base = path.join(folder, "base.duckdb");
  const warehouse = new DuckDbWarehouse({ file, synthetic: false });
  await load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01", close: 5 }]));
  old = await content();
  copyFileSync(file, base);
  const days = Array.from({ length: 28 }, (_, day) => String(day + 1).padStart(2, "0"));
  units = ["2025-01", "2025-02", "2025-03"].map((month) =>
    lake.candleUnit(
      month,
      days.map((day) => ({ day: `${month}-${day}` })),
    ),
  );
  await load(warehouse, ...units);
  whole = await content();
});

after(() => rmSync(folder, { recursive: true }));

describe("a load that is killed", () => {
  test("at any of its steps leaves the old file or the new one, and the next run settles it", async () => {
    copyFileSync(base, file);
    const steps = Number((await start(-1).ended).split("\n")[1]);
    assert.equal(steps, 9);
    const states: string[] = [];
    for (let step = 0; step < steps; step++) {
      copyFileSync(base, file);
      const { child, ended } = start(step);
      await ended;
      assert.equal(child.signalCode, "SIGKILL");
      states.push(await settles());
    }
    assert.deepEqual(states, [...Array(7).fill("old"), "new", "new"]);
  });

  test("at any moment leaves the old file or the new one, and the next run settles it", async () => {
    for (const moment of [1, 5, 20, 40, 80, 120]) {
      copyFileSync(base, file);
      const { child, ended, ready } = start(-1);
      await ready;
      await setTimeout(moment);
      child.kill("SIGKILL");
      await ended;
      await settles();
    }
  });

  test("while it made the file leaves none", async () => {
    rmSync(file);
    await start(6).ended;
    assert.ok(!existsSync(file));
    await load(new DuckDbWarehouse({ file, synthetic: false }), ...units);
    assert.equal(await content(), whole);
    assert.deepEqual(readdirSync(path.dirname(file)), ["lake.duckdb"]);
  });
});

describe("a load that fails", () => {
  test("at any of its steps leaves the file as it was, and nothing beside it", async () => {
    copyFileSync(base, file);
    const bytes = readFileSync(file);
    for (const failing of ["make", "copy", "open", "commit", "checkpoint", "sync", "rename"]) {
      const onStep = (step: string) => {
        if (step === failing) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      };
      const warehouse = new DuckDbWarehouse({ file, synthetic: false, onStep });
      await assert.rejects(load(warehouse, ...units), { code: "warehouse-failed", exitCode: 4 }, failing);
      assert.ok(bytes.equals(readFileSync(file)), failing);
      assert.deepEqual(readdirSync(path.dirname(file)), ["lake.duckdb"], failing);
    }
  });

  test("leaves the folder of another load alone", async () => {
    const parent = path.dirname(file);
    const running = path.join(parent, `.lake.duckdb.${process.ppid}-0123abcd`);
    const dead = path.join(parent, ".lake.duckdb.999999999-0123abcd");
    const foreign = path.join(parent, ".lake.duckdb.notes");
    for (const name of [running, dead, foreign]) mkdirSync(name);
    await load(new DuckDbWarehouse({ file, synthetic: false }), ...units);
    assert.deepEqual(
      [running, dead, foreign].map((name) => existsSync(name)),
      [true, false, true],
    );
    for (const name of [running, foreign]) rmSync(name, { recursive: true });
  });
});
