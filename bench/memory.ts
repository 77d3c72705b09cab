// Peak memory of the whole process for 1 and for 8 years: `ingest` of spot 1h, of futures 1h with derivation, and `load`.
// Fails where the longer work takes more than a fifth more.
import { candlelake, median, scratch } from "./process.ts";

const RUNS = 3;
const LIMIT = 1.2;
const YEAR = 365.25 * 86_400_000;
/** USD-M futures began then: there are no 8 years of them yet. */
const FIRST_FUTURES = "2019-09-08";
const since = (years: number) => new Date(Date.now() - years * YEAR).toISOString().slice(0, 10);

interface Length {
  readonly spot: string;
  readonly futures: string;
}

const SHORT: Length = { spot: since(1), futures: since(1) };
const LONG: Length = { spot: since(8), futures: since(8) > FIRST_FUTURES ? since(8) : FIRST_FUTURES };

/** Megabytes at the peak of each kind of work, from an empty folder on. */
function measure({ spot, futures }: Length): Record<string, number> {
  const common = ["--data", scratch(), "--synthetic", "--quiet"];
  const series = [...common, "--symbol", "BTCUSDT", "--interval", "1h", "--from"];
  return {
    "ingest spot": candlelake(["ingest", "spot", ...series, spot]).peak,
    "ingest futures": candlelake(["ingest", "futures", ...series, futures]).peak,
    load: candlelake(["load", ...common]).peak,
  };
}

const runs = Array.from({ length: RUNS }, () => [measure(SHORT), measure(LONG)] as const);
const years = (from: string) => `${((Date.now() - Date.parse(from)) / YEAR).toFixed(1)} years`;
const lengths: Readonly<Record<string, string>> = {
  "ingest spot": years(LONG.spot),
  "ingest futures": years(LONG.futures),
  load: `${years(LONG.spot)} of spot and ${years(LONG.futures)} of futures`,
};
for (const [work, length] of Object.entries(lengths)) {
  const [short, long] = [0, 1].map((i) => median(runs.map((run) => run[i]?.[work] ?? Number.NaN))) as [number, number];
  const ratio = long / short;
  console.log(
    `${work}: 1 year ${short.toFixed(0)} MB at the peak, ${length} ${long.toFixed(0)} MB: ` +
      `ratio ${ratio.toFixed(2)} (limit ${LIMIT.toFixed(2)})${ratio > LIMIT ? ": TOO MUCH" : ""}`,
  );
  if (!(ratio <= LIMIT)) process.exitCode = 1;
}
