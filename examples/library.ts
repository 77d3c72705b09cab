// A week of made candles into a lake, read back as columns, loaded, queried, and exported to one file.
// Without `synthetic` the same lines bring the real market.
//   node library.ts FOLDER
import { join } from "node:path";
import { AppError, numbers, openLake, readWish, TABLE } from "candlelake";

const data = process.argv[2] ?? "data";
const lake = openLake({ data, synthetic: true });
try {
  const wish = readWish({ topic: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-01", to: "2025-01-08" });
  const request = { wishes: [wish], load: { topic: "spot", range: undefined } } as const;

  const { steps } = await lake.plan(request);
  for (const { action, table, reason } of steps.slice(0, 3)) console.log(`first: ${action} ${table} (${reason})`);
  console.log(`planned: ${steps.length}`);

  // What fails is told in the outcomes and stops nothing else.
  const { outcomes } = await lake.apply(request, "library example");
  for (const { step, error } of outcomes) if (error) console.error(step.action, step.table, error.message);
  console.log(`done: ${outcomes.filter(({ status }) => status === "done").length}`);
  console.log(`left to do: ${(await lake.plan(request)).steps.length}`);

  // A partition at a time, columns as typed arrays.
  let candles = 0;
  let highest = 0;
  for await (const { batch } of lake.read(TABLE.spot_klines)) {
    candles += batch.rows;
    for (const high of numbers(batch, "high").values) highest = Math.max(highest, high);
  }
  console.log(`read: ${candles} candles, highest ${highest}`);

  const { batches } = await lake.query("SELECT count(*) AS candles, max(high) AS highest FROM spot_klines");
  for await (const rows of batches) for (const [count, high] of rows) console.log(`queried: ${count}, ${high}`);

  const file = join(data, "week.parquet");
  console.log(`exported: ${await lake.exportTo(TABLE.spot_klines, {}, file, "parquet")} rows`);
} catch (error) {
  // An expected failure has a name, a cause, and a command that leads on.
  if (!(error instanceof AppError)) throw error;
  console.error(`${error.code}: ${error.message}\n  next: ${error.next}`);
  process.exitCode = error.exitCode;
} finally {
  await lake.close();
}
