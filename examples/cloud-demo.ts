// The six steps of the hand-made pipeline against local stand-ins for Binance, Cloud Storage and BigQuery, twice: the second
// time there is nothing to do. Without an account and without a network, in a folder that is gone afterwards.
//   npm run demo:cloud
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startGoogleTwin } from "../src/twin/google/start.ts";
import { startTwin } from "../src/twin/start.ts";

const PROGRAM = fileURLToPath(new URL("../bin/candlelake.js", import.meta.url));

const STEPS: readonly (readonly [step: string, command: string])[] = [
  [
    "2. Spot candles of a day, to the folder and the bucket",
    "candlelake ingest spot --symbol BTCUSDT --interval 1h --date 2025-01-01 --bucket gs://$DATA_BUCKET",
  ],
  [
    "3. Futures metrics of a day (step 4, dummy data where the venue is blocked, is what the stand-in gives)",
    "candlelake ingest futures --symbol BTCUSDT --interval 1h --date 2025-01-01 --bucket gs://$DATA_BUCKET",
  ],
  [
    "5. The dataset and its tables",
    "candlelake setup --project $PROJECT --dataset btc_forecast_raw --location us-central1",
  ],
  ["6. The raw tables", "candlelake load spot --project $PROJECT --bucket gs://$DATA_BUCKET"],
  ["", "candlelake load futures --project $PROJECT --bucket gs://$DATA_BUCKET"],
];

const ROWS =
  'candlelake query "SELECT open_time, close, funding_rate FROM futures_metrics ORDER BY open_time LIMIT 5" --project $PROJECT';

/** Words of a command as a shell would pass them. */
const wordsOf = (command: string, environment: Readonly<Record<string, string | undefined>>): string[] =>
  (command.match(/"[^"]*"|\S+/g) ?? []).map((word) =>
    word.replaceAll('"', "").replaceAll(/\$(\w+)/g, (_, name: string) => environment[name] ?? ""),
  );

const folder = await mkdtemp(join(tmpdir(), "candlelake-cloud-"));
const google = await startGoogleTwin();
const venues = await startTwin();
const environment: Record<string, string | undefined> = {
  ...process.env,
  ...venues.settings,
  ...google.settings,
  DATA_BUCKET: "demo-bucket",
  PROJECT: "demo",
};

async function run(title: string, command: string): Promise<void> {
  if (title) console.log(`\n${title}`);
  console.log(`\n$ ${command}`);
  const [, ...words] = wordsOf(command, environment);
  const child = spawn(process.execPath, [PROGRAM, ...words], { cwd: folder, env: environment, stdio: "inherit" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ended with exit code ${code}`);
}

try {
  console.log(`1. The environment: no account, but stand-ins at ${venues.url} and ${google.url}.`);
  for (const [title, command] of STEPS) await run(title, command);
  await run("A first look.", ROWS);
  const before = google.requests.length;
  console.log("\nThe same again.");
  for (const [, command] of STEPS) await run("", command);
  const writes = google.requests.slice(before).filter(({ method }) => method === "POST" || method === "PUT");
  console.log(`\nThe second time: ${google.requests.length - before} requests to Google, ${writes.length} writes.`);
} finally {
  await venues.close();
  await google.close();
  await rm(folder, { recursive: true, force: true });
}
