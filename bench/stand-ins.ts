// Binance's and Google's stand-ins, in a thread of their own: a bench waits for its programs and serves nobody meanwhile.
import { parentPort } from "node:worker_threads";
import { startGoogleTwin } from "../src/twin/google/start.ts";
import { startTwin } from "../src/twin/start.ts";

/** What Google's stand-ins were asked, by their own log. */
export interface Logged {
  readonly lists: number;
  readonly reads: number;
  readonly writes: number;
  readonly others: number;
  readonly warehouse: number;
  /** Load jobs of objects. */
  readonly loads: number;
  /** Load jobs that came with their rows. */
  readonly ledger: number;
}

const KINDS: readonly (readonly [kind: Exclude<keyof Logged, "others">, request: RegExp])[] = [
  ["lists", /^GET .*\/b\/[^/]+\/o$/],
  ["reads", /^GET .*\/o\/[^/]+ media$/],
  ["writes", /^(?:POST|PUT) \/upload\/storage\//],
  ["loads", /^POST \/bigquery\/.*\/jobs$/],
  ["ledger", /^POST \/upload\/bigquery\//],
  ["warehouse", /^\w+ \/bigquery\//],
];

const [google, venues] = await Promise.all([startGoogleTwin(), startTwin()]);
let seen = 0;

function logged(): Logged {
  const counts = { lists: 0, reads: 0, writes: 0, others: 0, warehouse: 0, loads: 0, ledger: 0 };
  for (const { method, path, query } of google.requests.slice(seen)) {
    const request = `${method} ${path}${query.includes("alt=media") ? " media" : ""}`;
    counts[KINDS.find(([, pattern]) => pattern.test(request))?.[0] ?? "others"]++;
  }
  seen = google.requests.length;
  return { ...counts, warehouse: counts.warehouse + counts.loads + counts.ledger };
}

// Every message asks for what came since the last one.
parentPort?.on("message", () => parentPort?.postMessage(logged()));
parentPort?.postMessage({ ...venues.settings, ...google.settings });
