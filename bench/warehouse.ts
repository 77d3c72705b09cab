// Sixty months of minutes into DuckDB: our load, and DuckDB's own CREATE TABLE AS SELECT from the same 1,827 files. Then
// what one more month costs when the database file has a gigabyte, most of which is the copy.
//   node bench/warehouse.ts
// The sides take turns, each in a process of its own, so that a slow spell of the machine hits both.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { objectKey } from "../src/core/layout.ts";
import type { Series } from "../src/core/series.ts";
import { dayRange, daysOf, monthOf } from "../src/core/time.ts";
import { SPOT_KLINES } from "../src/market/klines.ts";
import { encode } from "../src/parquet/encode.ts";
import type { LoadObject, LoadUnit } from "../src/ports/warehouse.ts";
import { rowsOf } from "../src/sources/synthetic/rows.ts";
import { instrument } from "../src/sources/synthetic/symbols.ts";
import { DuckDbWarehouse } from "../src/warehouses/duckdb.ts";
import { edit } from "../test/fakes/duckdb-file.ts";
import { median, scratch } from "./process.ts";

const ROUNDS = 5;
const SERIES: Series = { kind: "klines", venue: "synthetic", market: "spot", symbol: "BTCUSDT", step: "1m" };
const RANGE = { from: Date.UTC(2020, 0, 1), to: Date.UTC(2025, 0, 1) };
/** Random doubles do not shrink: so many fill a gigabyte. */
const GIGABYTE = 134_000_000;

interface Side {
  /** Milliseconds. */
  readonly wall: number;
  /** Megabytes at the peak. */
  readonly peak: number;
}

function makeLake(folder: string): LoadUnit[] {
  const of = instrument("spot", SERIES.symbol);
  if (!of) throw new TypeError(`the made market has no ${SERIES.symbol}`);
  const months = new Map<string, LoadObject[]>();
  for (const day of daysOf(RANGE)) {
    const range = dayRange(day);
    const { batch } = rowsOf(of, SERIES, range, range.to);
    const bytes = encode(batch);
    const key = objectKey(SPOT_KLINES.name, SERIES, day);
    const path = join(folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    const object = { path, key, sha256: createHash("sha256").update(bytes).digest("hex"), rows: batch.rows };
    const month = months.get(monthOf(day)) ?? [];
    month.push(object);
    months.set(monthOf(day), month);
  }
  return [...months].map(([month, objects]) => {
    const rows = objects.reduce((sum, object) => sum + object.rows, 0);
    return {
      table: SPOT_KLINES,
      month,
      series: [{ series: "synthetic_btcusdt_spot_1m", content: month, rows }],
      objects,
    };
  });
}

const SIDES: Record<string, (file: string, units: readonly LoadUnit[]) => Promise<void>> = {
  load: (file, units) => new DuckDbWarehouse({ file, synthetic: true }).load(units, () => {}),
  ctas: (file, units) => {
    const paths = units.flatMap((unit) => unit.objects.map((object) => `'${object.path}'`));
    return edit(file, `CREATE TABLE spot_klines AS FROM read_parquet([${paths.join()}])`, "CHECKPOINT");
  },
};

const [, , side, lake] = process.argv;
if (side && lake) {
  const units: LoadUnit[] = JSON.parse(readFileSync(join(lake, "units.json"), "utf8"));
  for (const unit of units) Object.assign(unit, { table: SPOT_KLINES });
  const began = performance.now();
  await SIDES[side]?.(join(lake, `${side}.duckdb`), units);
  const wall = performance.now() - began;
  const answer: Side = { wall, peak: process.resourceUsage().maxRSS / 1000 };
  console.log(JSON.stringify(answer));
} else {
  const folder = scratch();
  const units = makeLake(folder);
  writeFileSync(join(folder, "units.json"), JSON.stringify(units));
  const rows = units.flatMap((unit) => unit.objects).reduce((sum, object) => sum + object.rows, 0);
  const measured: Record<string, Side[]> = { ctas: [], load: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(SIDES)) {
      rmSync(join(folder, `${name}.duckdb`), { force: true });
      const { stdout } = spawnSync(process.execPath, [import.meta.filename, name, folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      measured[name]?.push(JSON.parse(String(stdout)));
    }
  }
  const wallOf = (name: string) => median((measured[name] ?? []).map(({ wall }) => wall));
  for (const name of Object.keys(SIDES)) {
    const peak = Math.max(...(measured[name] ?? []).map((found) => found.peak));
    console.log(`${rows} rows of 1827 files, ${name}: ${wallOf(name).toFixed(0)} ms, peak ${peak.toFixed(0)} MB`);
  }
  console.log(`load takes ${(wallOf("load") / wallOf("ctas")).toFixed(2)} times as long as CREATE TABLE AS SELECT`);

  const file = join(folder, "load.duckdb");
  await edit(file, `CREATE TABLE filler AS SELECT random() AS x FROM range(${GIGABYTE})`, "CHECKPOINT");
  const steps = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    const times: [string, number][] = [];
    const onStep = (step: string) => void times.push([step, performance.now()]);
    await new DuckDbWarehouse({ file, synthetic: true, onStep }).load(units.slice(-1), () => {});
    times.push(["end", performance.now()]);
    times.slice(1).forEach(([, at], i) => {
      const [step, began] = times[i] as [string, number];
      steps.set(step, [...(steps.get(step) ?? []), at - began]);
    });
  }
  const parts = [...steps].map(([step, walls]) => `${step} ${median(walls).toFixed(0)} ms`);
  console.log(`a month into ${(statSync(file).size / 1e9).toFixed(2)} GB: ${parts.join(", ")}`);
}
