// The cloud's stand-ins: a year of hours of spot and futures in one `run`, the same again with nothing to do, and a month of
// 300 series. What counts is the number of objects, requests and jobs; fails where there are more than there must be.
import { once } from "node:events";
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { candlelake, scratch } from "./process.ts";
import type { Logged } from "./stand-ins.ts";

/** Requests of a table in a run that has nothing to do. */
const MOST_REQUESTS = 10;
/** Milliseconds of such a run. */
const MOST_TIME = 2000;
const SERIES = 300;

interface Answer {
  readonly totals: Readonly<Record<string, number>>;
  readonly receipt: {
    readonly objects: number;
    readonly storageRequests: Readonly<Record<"lists" | "reads" | "writes" | "others", number>>;
    readonly warehouseRequests: number;
    readonly loadJobs: number;
    readonly ledgerJobs: number;
    readonly bytesBilled: number;
  };
}

const standIns = new Worker(new URL("./stand-ins.ts", import.meta.url));
const [settings] = (await once(standIns, "message")) as [Readonly<Record<string, string>>];

/** What Google's stand-ins were asked since the last call, by their own log. */
async function logged(): Promise<Logged> {
  standIns.postMessage("count");
  const [counts] = (await once(standIns, "message")) as [Logged];
  return counts;
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

function expect(what: string, is: number, most: number): void {
  const isFine = is <= most;
  console.log(`${what}: ${is} (limit ${most})${isFine ? "" : ": too many"}`);
  if (!isFine) process.exitCode = 1;
}

/** The receipt is worth what the other side's log says. */
function compare(run: string, { receipt }: Answer, log: Logged): void {
  const { storageRequests: of, warehouseRequests, loadJobs, ledgerJobs } = receipt;
  const told: Logged = {
    ...{ lists: of.lists, reads: of.reads, writes: of.writes, others: of.others },
    ...{ warehouse: warehouseRequests, loads: loadJobs, ledger: ledgerJobs },
  };
  const kinds = Object.keys(told) as (keyof Logged)[];
  const differing = kinds.filter((kind) => told[kind] !== log[kind]);
  console.log(`${run}, by the stand-ins' log: ${kinds.map((kind) => `${kind} ${log[kind]}`).join(", ")}`);
  for (const kind of differing) console.log(`  the receipt says ${kind} ${told[kind]}: it is wrong`);
  if (differing.length > 0) process.exitCode = 1;
}

const folder = scratch();
const answer = (args: readonly string[]): { readonly wall: number; readonly answer: Answer } => {
  const { wall, output } = candlelake([...args, "--quiet", "--format", "json"], settings);
  return { wall, answer: JSON.parse(output) as Answer };
};

candlelake(["setup", "--synthetic", "--quiet"], settings);
await logged();

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
compare("a year of hours", first.answer, await logged());
const tables = 5;
/** All but `futures_klines`. */
const loaded = 4;
const { receipt, totals } = first.answer;
console.log(`a year of hours: ${(first.wall / 1000).toFixed(1)} s, ${totals.rowsLoaded} rows loaded`);
const months = new Set(
  Array.from({ length: 366 }, (_, i) => new Date(Date.now() - i * 86_400_000).toISOString().slice(0, 7)),
);
const days = receipt.objects;
expect("objects", days, 366 * tables + tables);
expect("writes beyond the objects (manifests)", receipt.storageRequests.writes - days, months.size * tables);
expect("load jobs (one a month and table)", receipt.loadJobs, months.size * loaded);
expect("ledger jobs", receipt.ledgerJobs, 1);
expect("bytes billed", receipt.bytesBilled, 0);
// A year of a table's objects is a page of a list, and so are its manifests.
const made = `${tables} of manifests, ${tables} of objects, ${loaded} before and ${loaded} after the load jobs`;
expect(`lists (${made})`, receipt.storageRequests.lists, 2 * tables + 2 * loaded);

for (const _ of [1, 2]) answer(["run", "--config", year]);
await logged();
const again = answer(["run", "--config", year]);
compare("a run with nothing to do", again.answer, await logged());
const requests = sum(again.answer.receipt.storageRequests) + again.answer.receipt.warehouseRequests;
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
await logged();
const uploaded = answer(["upload", "--data", data]);
compare(`${SERIES} series, uploaded`, uploaded.answer, await logged());
console.log(
  `${SERIES} series × a month: ${(uploaded.wall / 1000).toFixed(1)} s to upload ${uploaded.answer.receipt.objects} objects`,
);
const month = answer(["load", "spot", "--data", data, "--from", "2025-01", "--to", "2025-02"]);
compare(`${SERIES} series, loaded`, month.answer, await logged());
console.log(`and ${(month.wall / 1000).toFixed(1)} s to load ${month.answer.totals.rowsLoaded} rows`);
expect("its load jobs", month.answer.receipt.loadJobs, 1);
expect("its ledger jobs", month.answer.receipt.ledgerJobs, 1);
process.exit();
