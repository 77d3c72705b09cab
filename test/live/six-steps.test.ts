// The old pipeline's steps against Google itself: never in CI, and only where a project and a bucket are named.
//   CANDLELAKE_LIVE_PROJECT=my-project CANDLELAKE_LIVE_BUCKET=gs://my-data npm run test:live
// Made data, so that nothing real is touched: objects lie under synthetic/ of the bucket, and datasets end in _synthetic.
import * as assert from "node:assert/strict";
import { test } from "node:test";
import { Cli, type WorkAnswer } from "../cli/process.ts";

const project = process.env["CANDLELAKE_LIVE_PROJECT"];
const bucket = process.env["CANDLELAKE_LIVE_BUCKET"];
const why = "name CANDLELAKE_LIVE_PROJECT and CANDLELAKE_LIVE_BUCKET";

interface Billed extends WorkAnswer {
  readonly receipt: { readonly bytesBilled: number };
}

test("the six steps against Google, twice", { skip: project && bucket ? false : why }, async () => {
  const home = { HOME: process.env["HOME"] ?? "", CANDLELAKE_STORAGE_ENDPOINT: "", CANDLELAKE_BIGQUERY_ENDPOINT: "" };
  using cli = Cli.made(home);
  const place = ["--project", `${project}`, "--bucket", `${bucket}`];
  const day = ["--symbol", "BTCUSDT", "--interval", "1h", "--date", "2025-01-01", "--bucket", `${bucket}`];
  const run = async (...words: string[]) => (await cli.run(...words, "--format", "json")).exits(0).json<Billed>();
  for (const topic of ["spot", "futures"]) await run("ingest", topic, ...day);
  await run("setup", ...place, "--location", process.env["CANDLELAKE_LIVE_LOCATION"] ?? "us-central1");
  for (const topic of ["spot", "futures"]) assert.equal((await run("load", topic, ...place)).receipt.bytesBilled, 0);
  for (const topic of ["spot", "futures"]) {
    assert.deepEqual((await run("ingest", topic, ...day)).steps, []);
    assert.deepEqual((await run("load", topic, ...place)).steps, []);
  }
  const sql = "SELECT count(*) AS n FROM spot_klines WHERE DATE(open_time) = '2025-01-01'";
  assert.deepEqual(await cli.json("query", sql, "--project", `${project}`), [{ n: 24 }]);
});
