// A week of made candles into a lake, read back as columns, loaded, and queried.
// With `synthetic: false` (the default) the same lines bring the real market.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numbers, openLake, readWish, TABLE } from "candlelake";

const lake = openLake({ data: mkdtempSync(join(tmpdir(), "candlelake-")), synthetic: true });
const wish = readWish({ topic: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-01", to: "2025-01-08" });
const request = { wishes: [wish], load: { topic: "spot", range: undefined } } as const;

const plan = await lake.plan(request);
console.log(`planned: ${plan.steps.length} steps, the first because: ${plan.steps[0]?.reason}`);

const applied = await lake.apply(request, "example");
console.log(`done: ${applied.outcomes.filter((outcome) => outcome.status === "done").length}`);

let rows = 0;
let highest = 0;
for await (const { batch } of lake.read(TABLE.spot_klines)) {
  rows += batch.rows;
  for (const high of numbers(batch, "high").values) highest = Math.max(highest, high);
}
console.log(`read: ${rows} candles, highest ${highest}`);

const result = await lake.query("SELECT count(*) AS candles, max(high) AS highest FROM spot_klines");
for await (const batch of result.batches) console.log("queried:", ...batch);

await lake.close();
