// `plan` on a finished lake: 8 years of 1h against 1 year. Its cost must grow no faster than the months.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { candlelake, median, scratch } from "./process.ts";

const YEARS = [1, 4, 8];
const RUNS = 5;
const YEAR = 365.25 * 86_400_000;

/** What a command costs before it plans anything. */
const idle = () => candlelake(["status", "--synthetic", "--data", scratch(), "--quiet"]).wall;

const walls = new Map<string, number[]>([["idle", []]]);
const folders = new Map<string, string>();
for (const years of YEARS) {
  const folder = scratch();
  const from = new Date(Date.now() - years * YEAR).toISOString().slice(0, 10);
  const series = [{ market: "spot", symbol: "BTCUSDT", interval: "1h", from }];
  writeFileSync(join(folder, "config.json"), JSON.stringify({ synthetic: true, data: join(folder, "data"), series }));
  candlelake(["run", "--config", join(folder, "config.json"), "--quiet"]);
  folders.set(String(years), folder);
  walls.set(String(years), []);
}
for (let run = 0; run < RUNS; run++) {
  walls.get("idle")?.push(idle());
  for (const [years, folder] of folders) {
    walls.get(years)?.push(candlelake(["plan", "--config", join(folder, "config.json"), "--quiet"]).wall);
  }
}
const of = (name: string) => median(walls.get(name) ?? []);
const own = (years: string) => of(years) - of("idle");
for (const [name] of walls)
  console.log(`plan, ${name === "idle" ? "a command that finds nothing" : `${name} years`}: ${of(name).toFixed(0)} ms`);
console.log(`ratio 8 years / 1 year, start-up taken off: ${(own("8") / own("1")).toFixed(2)} (months: 8.00)`);
