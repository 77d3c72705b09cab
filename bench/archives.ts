// Sixty months of minutes from bulk files to a checked lake, against what one writes by hand with pandas and polars (which
// read the same files from the disk and check nothing but their hash), interleaved; then the same over a slow link.
//   node bench/archives.ts [FOLDER]
// FOLDER may hold files that were made before, laid out as on the archive's host.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startTwin } from "../src/twin/start.ts";
import { candlelake, type Measured, median, scratch } from "./process.ts";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const MONTHS = 60;
const LINK = { bits: 100e6, roundTrip: 50 };
const PEERS = ["polars", "pandas"] as const;
const python = process.env.CANDLELAKE_PYTHON ?? "python3";
const root = new URL("..", import.meta.url).pathname;

const monthAt = (index: number): string => new Date(Date.UTC(2020, index, 1)).toISOString().slice(0, 7);
const keyOf = (month: string): string => `data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-${month}.zip`;

/** Files of the made market, as its stand-in serves them. */
async function makeArchives(folder: string): Promise<void> {
  const twin = await startTwin({ now: Date.UTC(2025, 5, 1) });
  for (let index = 0; index < MONTHS; index++) {
    for (const key of [keyOf(monthAt(index)), `${keyOf(monthAt(index))}.CHECKSUM`]) {
      const file = join(folder, key);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, twin.handle(`/binance-archive/${key}`).body);
    }
  }
  await twin.close();
}

async function serve(folder: string, link?: typeof LINK): Promise<{ url: string; host: ChildProcess }> {
  const limits = link ? [String(link.bits), String(link.roundTrip)] : [];
  const host = spawn(process.execPath, [join(root, "bench/archive-host.ts"), folder, ...limits], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [port] = await once(host.stdout as NodeJS.ReadableStream, "data");
  return { url: `http://127.0.0.1:${String(port).trim()}`, host };
}

function sizeOf(folder: string, ending: string): { files: number; bytes: number } {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(ending));
  return { files: files.length, bytes: files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) };
}

function ingest(url: string, data: string, months: number): Measured {
  const range = ["--from", monthAt(0), "--to", monthAt(months)];
  const series = ["spot", "--venue", "binance", "--symbol", "BTCUSDT", "--interval", "1m", "--source", "archive"];
  return candlelake(["ingest", ...series, ...range, "--synthetic", "--data", data, "--format", "json", "--quiet"], {
    CANDLELAKE_BINANCE_ARCHIVE: url,
  });
}

function peer(engine: string, folder: string): Measured | undefined {
  const began = performance.now();
  const { status } = spawnSync(python, [join(root, "bench/peers.py"), engine, folder, scratch()], { stdio: "ignore" });
  return status === 0 ? { wall: performance.now() - began, peak: Number.NaN, output: "" } : undefined;
}

const folder = process.argv[2] ?? scratch();
if (!process.argv[2]) await makeArchives(folder);
const zipped = sizeOf(folder, ".zip");
console.log(`${zipped.files} files, ${(zipped.bytes / 1e6).toFixed(0)} MB`);

const walls = new Map<string, number[]>();
const note = (name: string, value: number) => walls.set(name, [...(walls.get(name) ?? []), value]);
const of = (name: string): number => median(walls.get(name) ?? [Number.NaN]);

const fast = await serve(folder);
const absent = new Set<string>();
let lake = "";
for (let round = 0; round < ROUNDS; round++) {
  // The peers before took a quarter of a minute, in which the host's memory and the program's own may have been put aside.
  note("peak 12", ingest(fast.url, scratch(), 12).peak);
  lake = scratch();
  const sixty = ingest(fast.url, lake, MONTHS);
  note("candlelake", sixty.wall);
  note("peak 60", sixty.peak);
  const { rows } = JSON.parse(sixty.output).totals;
  note("rows", rows);
  note("again", ingest(fast.url, lake, MONTHS).wall);
  for (const engine of PEERS) {
    const measured = absent.has(engine) ? undefined : peer(engine, folder);
    if (measured) note(engine, measured.wall);
    else absent.add(engine);
  }
}
fast.host.kill();

const stored = sizeOf(lake, ".parquet");
console.log(`candlelake: ${(of("candlelake") / 1000).toFixed(2)} s, ${of("rows")} rows in ${stored.files} files`);
console.log(`a row takes ${(stored.bytes / of("rows")).toFixed(1)} bytes (limit 60)`);
console.log(
  `peak of 60 months ${of("peak 60").toFixed(0)} MB (limit 300), of 12 months ${of("peak 12").toFixed(0)} MB`,
);
console.log(`ratio of the peaks ${(of("peak 60") / of("peak 12")).toFixed(2)} (limit 1.10)`);
console.log(`the same again, with nothing to do: ${(of("again") / 1000).toFixed(2)} s (limit 1)`);
for (const [engine, limit] of [
  ["polars", 0.5],
  ["pandas", 0.2],
] as const) {
  if (absent.has(engine)) console.log(`${engine} is not there (CANDLELAKE_PYTHON names a Python that has it)`);
  else
    console.log(
      `${engine}: ${(of(engine) / 1000).toFixed(2)} s; candlelake takes ${(of("candlelake") / of(engine)).toFixed(2)} of it (limit ${limit})`,
    );
}

const slow = await serve(folder, LINK);
const least = (zipped.bytes * 8) / LINK.bits;
const shaped = ingest(slow.url, scratch(), MONTHS).wall / 1000;
slow.host.kill();
console.log(
  `over 100 Mbit/s and 50 ms: ${shaped.toFixed(2)} s, the link's own ${least.toFixed(2)} s: ${(shaped / least).toFixed(2)} (limit 1.15)`,
);
