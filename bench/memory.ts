// Peak memory of the whole process for 1 and for 8 years: `ingest` of spot 1h, of futures 1h with derivation, and `load`.
import { candlelake, median, scratch } from "./process.ts";

const RUNS = 3;
const YEAR = 365.25 * 86_400_000;
const since = (years: number) => new Date(Date.now() - years * YEAR).toISOString().slice(0, 10);

const peaks = new Map<string, number[]>();
const note = (name: string, peak: number) => peaks.set(name, [...(peaks.get(name) ?? []), peak]);

for (let run = 0; run < RUNS; run++) {
  // USD-M futures began in September 2019.
  for (const [label, spot, futures] of [
    ["1 year", 1, 1],
    ["8 years", 8, 7],
  ] as const) {
    const common = ["--data", scratch(), "--synthetic", "--quiet", "--symbol", "BTCUSDT", "--interval", "1h"];
    note(`ingest spot, ${label}`, candlelake(["ingest", "spot", "--from", since(spot), ...common]).peak);
    note(`ingest futures, ${label}`, candlelake(["ingest", "futures", "--from", since(futures), ...common]).peak);
    note(`load, ${label}`, candlelake(["load", ...common.slice(0, 4)]).peak);
  }
}
for (const [name, values] of peaks) console.log(`${name}: ${median(values).toFixed(0)} MB at the peak`);
for (const work of ["ingest spot", "ingest futures", "load"]) {
  const [one, eight] = [median(peaks.get(`${work}, 1 year`) ?? []), median(peaks.get(`${work}, 8 years`) ?? [])];
  console.log(`${work}: ratio 8 years / 1 year ${(eight / one).toFixed(2)}`);
}
