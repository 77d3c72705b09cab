import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { openBigQuery } from "../fakes/bigquery.ts";
import { refusing, startBigQuery } from "../fakes/google-front.ts";
import { Cli, nextsOf } from "./process.ts";

const SERIES = { market: "spot", symbol: "BTCUSDT", interval: "1d", from: "2026-01-01" };
const RAW = "btc_forecast_raw_synthetic";

describe("the command line over BigQuery", () => {
  let front: Awaited<ReturnType<typeof startBigQuery>>;
  let cli: Cli;
  before(async () => {
    front = await startBigQuery();
    cli = Cli.made({ CANDLELAKE_BIGQUERY_ENDPOINT: front.endpoint });
  });
  after(async () => {
    cli[Symbol.dispose]();
    await front[Symbol.asyncDispose]();
  });

  test("a load before setup names it; setup makes, then finds", async () => {
    assert.deepEqual((await cli.json("status", "--project", "demo")) as object, {
      series: [],
      ok: true,
      command: "status",
      error: null,
    });
    const setup = ["setup", "--project", "demo", "--dataset", "btc_forecast_raw", "--location", "us-central1"];
    const first = (await cli.json(...setup)) as { created: string[] };
    assert.ok(first.created.includes(`${RAW}.spot_klines`));
    const second = (await cli.json(...setup)) as { created: string[]; exists: string[] };
    assert.deepEqual([second.created, second.exists], [[], first.created]);
  });

  test("a load's next command makes the warehouse that was named, however it was named", async () => {
    (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", "--date", "2025-01-01")).exits(0);
    const load = ["load", "--warehouse", "bigquery:demo.named_raw", "--bucket", "gs://demo-bucket"];
    const early = await cli.run(...load.slice(0, 3));
    assert.match(early.stderr, /none is named/);
    const missing = (await cli.run("setup", "--warehouse", "bigquery:demo.named_raw", "--location", "eu")).exits(0);
    assert.match(missing.stdout, /named_raw_synthetic/);
    const elsewhere = (await cli.run("setup", "--warehouse", "bigquery:demo.named_raw")).exits(3);
    const [next = ""] = nextsOf(elsewhere.stderr);
    assert.equal(next, "candlelake setup --project demo --dataset named_raw --location eu");
    (await cli.follow(next)).exits(0);
  });

  test("the statements have the description that was asked for", async () => {
    const { stdout } = (await cli.run("setup", "--dry-run", "--project", "demo", "--description", "Desk's")).exits(0);
    assert.equal(stdout.match(/description = 'Desk\\'s'/g)?.length, 2);
  });

  test("query --dry-run says bytes, --max-bytes is a limit", async () => {
    const query = ["query", "SELECT close FROM spot_klines", "--project", "demo"];
    await openBigQuery(front, { synthetic: true }).setup();
    const cost = (await cli.json(...query, "--dry-run")) as { bytes: number };
    assert.equal(cost.bytes, 0);
    const { stdout } = (await cli.run(...query, "--dry-run")).exits(0);
    assert.match(stdout, /^This query would read 0 bytes/);
    const limited = (await cli.run(...query, "--max-bytes", "1k")).exits(2);
    const [next = ""] = nextsOf(limited.stderr);
    assert.match(next, /^candlelake query --max-bytes 10485760 /);
    (await cli.follow(next)).exits(0);
    const { stderr } = (await cli.run(...query, "--max-bytes", "much")).exits(2);
    assert.match(stderr, /--max-bytes "much" is no number of bytes/);
    const here = (await cli.run("query", "SELECT 1", "--dry-run")).exits(0);
    assert.match(here.stdout, /^Nothing is billed/);
  });

  test("a project that is not there is named by every command that asks it, with one next command", async () => {
    front.interfere = ({ path }) =>
      path.includes("/projects/wrong-proj/") ? refusing(404, "notFound", "Not found: Project wrong-proj") : undefined;
    writeFileSync(cli.path("wrong.json"), JSON.stringify({ series: [SERIES] }));
    const at = ["--project", "wrong-proj", "--config", "wrong.json"];
    for (const words of [
      ["status"],
      ["plan"],
      ["run"],
      ["load"],
      ["setup"],
      ["query", "SELECT close FROM spot_klines"],
      ["query", "SELECT close FROM spot_klines", "--dry-run"],
    ]) {
      const { stderr, stdout } = (await cli.run(...words, ...at)).exits(4);
      assert.match(stderr, /^candlelake: bigquery:wrong-proj\.\w+: .*there is no such project/, words.join(" "));
      assert.deepEqual([nextsOf(stderr), stdout], [["gcloud projects list"], ""], words.join(" "));
    }
    front.interfere = () => undefined;
  });

  test("a query of a dataset that lies elsewhere names the place, and one that is not there the command that makes it", async () => {
    const query = ["query", "SELECT count(*) AS n FROM spot_klines", "--project", "demo", "--dataset", "far_raw"];
    const early = (await cli.run(...query)).exits(4);
    assert.match(early.stderr, /bigquery:demo\.far_raw_synthetic is not there yet\./);
    const [setup = ""] = nextsOf(early.stderr);
    assert.equal(setup, "candlelake setup --project demo --dataset far_raw");
    (await cli.follow(`${setup} --location eu`)).exits(0);
    const { stderr } = (await cli.run(...query)).exits(4);
    assert.match(stderr, /bigquery:demo\.far_raw_synthetic is in eu, and us-central1 was asked for\./);
    const [next = ""] = nextsOf(stderr);
    assert.equal(next, `candlelake query --project demo --dataset far_raw --location eu '${query[1]}'`);
    const { stdout } = (await cli.follow(`${next} --format json`)).exits(0);
    assert.deepEqual(JSON.parse(stdout), [{ n: 0 }]);
    // What is wrong with the statement alone stays the statement's.
    const wrong = (await cli.run("query", "SELECT 1 FROM no_such_table", ...query.slice(2), "--location", "eu")).exits(
      2,
    );
    assert.deepEqual(nextsOf(wrong.stderr).length, 1);
    assert.match(wrong.stderr, /no_such_table/);
  });

  test("schema --as bigquery is DDL for any project, or for the one that is named", async () => {
    const bare = (await cli.run("schema", "spot_klines", "--as", "bigquery")).exits(0);
    assert.match(bare.stdout, new RegExp(`^CREATE SCHEMA IF NOT EXISTS \`${RAW}\``));
    const named = (await cli.run("schema", "--as", "bigquery", "--project", "demo")).exits(0);
    assert.match(named.stdout, new RegExp(`CREATE TABLE IF NOT EXISTS \`demo.${RAW}.funding_rates\` \\(`));
    const duck = (await cli.run("schema", "--as", "duckdb", "--project", "demo")).exits(0);
    assert.match(duck.stdout, new RegExp(`CREATE TABLE IF NOT EXISTS "${RAW}"."spot_klines"`));
    const dry = (await cli.run("setup", "--dry-run", "--project", "demo")).exits(0);
    assert.match(dry.stdout, /PARTITION BY TIMESTAMP_TRUNC\(`open_time`, MONTH\)/);
  });
});
