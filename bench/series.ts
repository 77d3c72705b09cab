// `plan` on a lake of 300 series, a year of hours each up to now: some 110,000 partitions, of which the open day is due.
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { candlelake, median, scratch } from "./process.ts";

const SERIES = 300;
const RUNS = 5;
const FROM = new Date(Date.now() - 365 * 86_400_000).toISOString().slice(0, 10);

const folder = scratch();
const data = join(folder, "data");
const root = join(data, "synthetic");
const made = ["ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", "--from", FROM];
candlelake([...made, "--synthetic", "--data", data, "--quiet"]);

// The others are copies under other names: what a plan costs does not depend on prices.
const symbols = Array.from({ length: SERIES - 1 }, (_, i) => `SERIES${String(i).padStart(3, "0")}USDT`);
const files = readdirSync(root, { recursive: true, encoding: "utf8" });
for (const symbol of symbols) {
  const renamed = (text: string) => text.replaceAll("btcusdt", symbol.toLowerCase()).replaceAll("BTCUSDT", symbol);
  for (const file of files.filter((name) => name.includes("btcusdt"))) {
    const copy = join(root, renamed(file));
    mkdirSync(dirname(copy), { recursive: true });
    if (file.endsWith(".json")) writeFileSync(copy, renamed(readFileSync(join(root, file), "utf8")));
    else linkSync(join(root, file), copy);
  }
}
const config = join(folder, "config.json");
const one = { market: "spot", symbols: ["BTCUSDT", ...symbols], interval: "1h", from: FROM };
writeFileSync(config, JSON.stringify({ synthetic: true, data, series: [one] }));

const walls: number[] = [];
const peaks: number[] = [];
let steps = 0;
for (let run = 0; run < RUNS; run++) {
  const { wall, peak, output } = candlelake(["plan", "--config", config, "--quiet", "--format", "json"]);
  walls.push(wall);
  peaks.push(peak);
  steps = JSON.parse(output).totals.planned;
}
const partitions = files.filter((file) => file.endsWith(".parquet")).length * SERIES;
console.log(
  `plan of ${SERIES} series, ${partitions} partitions: ${(median(walls) / 1000).toFixed(2)} s, ${steps} steps`,
);
console.log(`peak ${median(peaks).toFixed(0)} MB`);
