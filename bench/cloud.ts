// The cloud's stand-ins: a year of hours of spot and futures in one `run`, the same again with nothing to do, and a month of
// 300 series. What counts is the number of objects, requests and jobs; fails where there are more than there must be.
import { spawn } from "node:child_process";
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { candlelake, scratch } from "./process.ts";

/** Requests of a table in a run that has nothing to do. */
const MOST_REQUESTS = 10;
/** Milliseconds of such a run. */
const MOST_TIME = 2000;
const SERIES = 300;

interface Answer {
  readonly totals: Readonly<Record<string, number>>;
  readonly receipt: {
    readonly objects: number;
    readonly storageRequests: Readonly<Record<string, number>>;
    readonly warehouseRequests: number;
    readonly loadJobs: number;
    readonly ledgerJobs: number;
    readonly bytesBilled: number;
  };
}

/** Starts the stand-ins; they end with this process, whose end of their input closes then. */
async function stand(): Promise<Readonly<Record<string, string>>> {
  const program = new URL("../bin/candlelake.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, "twin", "--google"], { stdio: ["pipe", "pipe", "inherit"] });
  process.on("exit", () => child.kill());
  const settings: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") break;
    const [name = "", ...value] = line.split("=");
    settings[name] = value.join("=");
  }
  return settings;
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

function expect(what: string, is: number, most: number): void {
  const isFine = is <= most;
  console.log(`${what}: ${is} (limit ${most})${isFine ? "" : ": too many"}`);
  if (!isFine) process.exitCode = 1;
}

const settings = await stand();
const folder = scratch();
const answer = (args: readonly string[]): { readonly wall: number; readonly answer: Answer } => {
  const { wall, output } = candlelake([...args, "--quiet", "--format", "json"], settings);
  return { wall, answer: JSON.parse(output) as Answer };
};

candlelake(["setup", "--synthetic", "--quiet"], settings);

const from = new Date(Date.now() - 365 * 86_400_000).toISOString().slice(0, 10);
const year = join(folder, "year.json");
const series = { symbol: "BTCUSDT", interval: "1h", from };
writeFileSync(
  year,
  JSON.stringify({
    data: join(folder, "year"),
    series: [
      { market: "spot", ...series },
      { market: "futures", ...series },
    ],
  }),
);
const first = answer(["run", "--config", year]);
const tables = 5;
const { receipt, totals } = first.answer;
console.log(`a year of hours: ${(first.wall / 1000).toFixed(1)} s, ${totals.rowsLoaded} rows loaded`);
const months = new Set(
  Array.from({ length: 366 }, (_, i) => new Date(Date.now() - i * 86_400_000).toISOString().slice(0, 7)),
);
const days = receipt.objects;
expect("objects", days, 366 * tables + tables);
expect("writes beyond the objects (manifests)", (receipt.storageRequests.writes ?? 0) - days, months.size * tables);
expect("load jobs (one a month and table)", receipt.loadJobs, months.size * 4);
expect("ledger jobs", receipt.ledgerJobs, 1);
expect("bytes billed", receipt.bytesBilled, 0);
expect("lists", receipt.storageRequests.lists ?? 0, 5 * tables);

for (const _ of [1, 2]) answer(["run", "--config", year]);
const again = answer(["run", "--config", year]);
const requests = sum(again.answer.receipt?.storageRequests ?? {}) + (again.answer.receipt?.warehouseRequests ?? 0);
expect(`requests of a run with nothing to do, ${tables} tables`, requests, MOST_REQUESTS * tables);
expect("its milliseconds", Math.round(again.wall), MOST_TIME);

// Many series: copies of one under other names, because what counts does not depend on prices.
const data = join(folder, "many");
const root = join(data, "synthetic");
candlelake([
  "ingest",
  "spot",
  "--symbol",
  "BTCUSDT",
  "--interval",
  "1h",
  "--date",
  "2025-01",
  "--synthetic",
  "--data",
  data,
  "--quiet",
]);
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("btcusdt"));
for (let i = 1; i < SERIES; i++) {
  const symbol = `SERIES${String(i).padStart(3, "0")}USDT`;
  const renamed = (text: string) => text.replaceAll("btcusdt", symbol.toLowerCase()).replaceAll("BTCUSDT", symbol);
  for (const file of files) {
    const copy = join(root, renamed(file));
    mkdirSync(dirname(copy), { recursive: true });
    if (file.endsWith(".json")) writeFileSync(copy, renamed(readFileSync(join(root, file), "utf8")));
    else linkSync(join(root, file), copy);
  }
}
const uploaded = answer(["upload", "--data", data]);
console.log(
  `${SERIES} series × a month: ${(uploaded.wall / 1000).toFixed(1)} s to upload ${uploaded.answer.receipt.objects} objects`,
);
const loaded = answer(["load", "spot", "--data", data, "--from", "2025-01", "--to", "2025-02"]);
console.log(`and ${(loaded.wall / 1000).toFixed(1)} s to load ${loaded.answer.totals.rowsLoaded} rows`);
expect("its load jobs", loaded.answer.receipt.loadJobs, 1);
expect("its ledger jobs", loaded.answer.receipt.ledgerJobs, 1);
process.exit();
