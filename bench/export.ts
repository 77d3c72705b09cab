// Reading for research: 8 years of 1h exported to one Parquet file, against the lake's folder of a file a day.
// pandas reads both; wanted of the one file: 0.3 s at most.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { candlelake, median, scratch } from "./process.ts";

const WANTED = 300;
const YEARS = 8;
const YEAR = 365.25 * 86_400_000;
const RUNS = 9;

/** Milliseconds of each reading, after one to warm up: a line a path. */
const READ = `
import sys, time
import pandas as pd
runs = int(sys.argv[1])
for path in sys.argv[2:]:
    times = []
    for run in range(runs + 1):
        began = time.perf_counter()
        frame = pd.read_parquet(path)
        times.append((time.perf_counter() - began) * 1000)
    print(len(frame), *times[1:])
`;

function main(python: string): void {
  const folder = scratch();
  const [data, file] = [join(folder, "data"), join(folder, "all.parquet")];
  const from = new Date(Date.now() - YEARS * YEAR).toISOString().slice(0, 10);
  const lake = ["--data", data, "--synthetic", "--quiet"];
  candlelake(["ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", "--from", from, ...lake]);
  const { wall } = candlelake(["export", "spot_klines", "-o", file, ...lake]);
  const paths = [file, join(data, "synthetic/spot_klines")];
  const { status, stdout, stderr } = spawnSync(python, ["-c", READ, String(RUNS), ...paths], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`);
  const [one, folders] = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number))
    .map(([rows = 0, ...times]) => ({ rows, time: median(times) }));
  if (!one || !folders || one.rows !== folders.rows) throw new Error(`the two differ: ${stdout}`);
  console.log(`export of ${one.rows} rows: ${wall.toFixed(0)} ms, ${(statSync(file).size / 1e6).toFixed(1)} MB`);
  console.log(`pandas, one file: ${one.time.toFixed(1)} ms (wanted: ${WANTED} ms at most)`);
  console.log(`pandas, the lake's folder: ${folders.time.toFixed(1)} ms`);
  console.log(`ratio folder / file: ${(folders.time / one.time).toFixed(1)}`);
  if (one.time > WANTED) process.exitCode = 1;
}

const python = process.env["CANDLELAKE_PYTHON"];
if (python) main(python);
else console.log("skipped: CANDLELAKE_PYTHON names no Python with pandas and pyarrow");
