import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { startTwin } from "../../src/twin/start.ts";
import { Cli, nextsOf, type WorkAnswer } from "../cli/process.ts";
import { FIELDS, hours, parquetOf, startLab } from "../fakes/bigquery-lab.ts";

/** The client of the Google Cloud CLI; no registry has it. */
const BQ = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "bq"))
  .find(isProgram);

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const absent = "bq of the Google Cloud CLI is not on this machine's PATH";
const COLUMNS = FIELDS.map(({ name, type }) => `${name}:${type}`).join(",");

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs bq against a stand-in, with nobody's configuration and a token that means nothing. */
async function bqOf(url: string, work: (bq: (...args: string[]) => Promise<Outcome>, folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "candlelake-bq-"));
  const env = { ...process.env, CLOUDSDK_CONFIG: folder, CLOUDSDK_AUTH_ACCESS_TOKEN: "fake", HOME: folder };
  const bq = (...args: string[]) =>
    new Promise<Outcome>((resolve) => {
      const all = ["--api", url, "--project_id", "demo", "--headless", ...args];
      const child = execFile(BQ ?? "bq", all, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` });
      });
      child.stdin?.end();
    });
  try {
    await work(bq, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function succeeds(outcome: Promise<Outcome>): Promise<string> {
  const { code, output } = await outcome;
  assert.equal(code, 0, output);
  return output;
}

test("bq makes a table, loads a month from the bucket, reads, asks and takes it away", {
  skip: BQ ? false : absent,
}, async () => {
  await using lab = await startLab();
  lab.buckets.objects.set("lake/raw/jan.parquet", await parquetOf(hours("2025-01-01", 24)));
  await bqOf(lab.url, async (bq, folder) => {
    await succeeds(bq("--location", "us-central1", "mk", "--dataset", "--description", "Candles", "demo:raw"));
    assert.match(await succeeds(bq("ls")), /\braw\b/);
    const layout = [
      "--time_partitioning_type",
      "MONTH",
      "--time_partitioning_field",
      "ts",
      "--clustering_fields",
      "symbol",
    ];
    await succeeds(bq("mk", "--table", ...layout, "raw.klines", COLUMNS));
    const load = ["--location", "us-central1", "load", "--source_format", "PARQUET", "--replace"];
    await succeeds(bq(...load, "raw.klines$202501", "gs://lake/raw/jan.parquet", COLUMNS));
    const wrong = await bq(...load, "raw.klines$202502", "gs://lake/raw/jan.parquet", COLUMNS);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.output.replace(/\s+/g, " "), /Some rows belong to different partitions/);
    const shown = JSON.parse(await succeeds(bq("show", "--format", "json", "raw.klines")));
    assert.deepEqual(
      [shown.numRows, shown.timePartitioning.type, shown.clustering.fields],
      ["24", "MONTH", ["symbol"]],
    );
    const head = JSON.parse(await succeeds(bq("head", "-n", "2", "--format", "json", "raw.klines")));
    assert.deepEqual(head[1], { ts: "2025-01-01 01:00:00", symbol: "BTCUSDT", close: "101.5", trades: "1" });
    const sql = "SELECT symbol, COUNT(*) AS n, MAX(ts) AS last FROM `demo.raw.klines` GROUP BY symbol";
    const ask = ["query", "--use_legacy_sql=false", "--format", "json"];
    const answer = (await succeeds(bq(...ask, sql))).split("\n").find((line) => line.startsWith("["));
    assert.deepEqual(JSON.parse(answer ?? ""), [{ symbol: "BTCUSDT", n: "24", last: "2025-01-01 23:00:00" }]);
    assert.match(await succeeds(bq("query", "--use_legacy_sql=false", "--dry_run", sql)), /\b408 bytes\b/);
    const limited = await bq(...ask, "--maximum_bytes_billed", "1000", sql);
    assert.match(limited.output.replace(/\s+/g, " "), /Query exceeded limit for bytes billed: 1000/);
    const file = join(folder, "rows.json");
    await writeFile(file, '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n');
    const upload = ["--location", "us-central1", "load", "--source_format", "NEWLINE_DELIMITED_JSON"];
    await succeeds(bq(...upload, "raw.small", file, "a:INTEGER,b:STRING"));
    await succeeds(bq("cp", "-f", "raw.small", "raw.copied"));
    assert.match(await succeeds(bq("head", "raw.copied")), /\| 2 \| y \|/);
    await succeeds(bq("update", "--description", "Hours", "raw.klines"));
    assert.match(await succeeds(bq("show", "--format", "json", "raw.klines")), /"description": ?"Hours"/);
    assert.match(await succeeds(bq("ls", "-j", "-n", "20")), /load\s+FAILURE/);
    await succeeds(bq("rm", "-f", "-t", "raw.small"));
    assert.doesNotMatch(await succeeds(bq("ls", "raw")), /small/);
    await succeeds(bq("rm", "-r", "-f", "raw"));
    assert.doesNotMatch(await succeeds(bq("ls")), /\braw\b/);
  });
});

/** The JSON that bq prints among its talk. */
const jsonIn = (output: string) => JSON.parse(output.split("\n").find((line) => /^[[{]/.test(line)) ?? "");

test("bq reads what candlelake loaded; what it changes, candlelake notices and sets right", {
  skip: BQ ? false : absent,
}, async () => {
  const venues = await startTwin({ now: Date.UTC(2025, 1, 2, 5, 10) });
  const google = await startGoogleTwin();
  try {
    using cli = Cli.at({ ...venues.settings, ...google.settings });
    const series = [{ market: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-30" }];
    await writeFile(cli.path("candlelake.config.json"), JSON.stringify({ series }));
    (await cli.run("setup")).exits(0);
    (await cli.run("run")).exits(0);
    const RAW = "btc_forecast_raw_synthetic";
    const TABLE = `${RAW}.spot_klines`;
    const own = "SELECT count(*) AS n, min(open_time) AS first, sum(num_trades) AS trades FROM spot_klines";
    const rows = () => cli.json<{ n: number; first: string; trades: number }[]>("query", own);
    const [loaded] = await rows();
    assert.equal(loaded?.n, 2 * 24 + 24 + 5);
    /** Months that a plan would load, and why. */
    const planned = async () => {
      const { steps } = await cli.json<WorkAnswer>("plan");
      return steps.flatMap(({ action, table, month, reason }) =>
        action === "load" ? `${table} ${month}: ${reason}` : [],
      );
    };
    assert.deepEqual(await planned(), []);

    await bqOf(google.url, async (bq) => {
      const ask = async (sql: string) =>
        jsonIn(await succeeds(bq("query", "--use_legacy_sql=false", "--format", "json", sql)));
      const show = async (name: string) => jsonIn(await succeeds(bq("show", "--format", "json", name)));
      // What candlelake made and wrote.
      const table = await show(TABLE);
      assert.deepEqual(
        [table.numRows, table.timePartitioning, table.clustering.fields, table.labels],
        ["77", { type: "MONTH", field: "open_time" }, ["symbol", "interval"], { app: "candlelake" }],
      );
      assert.ok(table.schema.fields.every(({ description }: { description: string }) => description !== ""));
      assert.deepEqual(
        await ask(`SELECT COUNT(*) AS n, MIN(open_time) AS first, SUM(num_trades) AS trades FROM \`demo.${TABLE}\``),
        [{ n: "77", first: "2025-01-30 00:00:00", trades: String(loaded?.trades) }],
      );
      const ledger = jsonIn(await succeeds(bq("head", "-n", "9", "--format", "json", `${RAW}.load_ledger`)));
      const told = ledger.map(({ month, row_count: rows }: Record<string, string>) => `${month} ${rows}`);
      assert.deepEqual(told.sort(), ["2025-01 48", "2025-02 29"]);

      // A row inserted, and a value changed with as many rows as before.
      const changes = [
        `INSERT INTO \`demo.${TABLE}\` SELECT * FROM \`demo.${TABLE}\` WHERE open_time = '2025-01-30'`,
        `UPDATE \`demo.${TABLE}\` SET num_trades = 0 WHERE open_time = '2025-02-01'`,
      ];
      for (const sql of changes) await succeeds(bq("query", "--use_legacy_sql=false", sql));
      assert.notDeepEqual(await rows(), [loaded]);
      const why = "changed in the warehouse after its load";
      assert.deepEqual(await planned(), [`spot_klines 2025-01: ${why}`, `spot_klines 2025-02: ${why}`]);
      assert.match((await cli.run("status")).exits(0).stderr, /has other rows than loads brought: 2025-01/);
      (await cli.run("run")).exits(0);
      assert.deepEqual([await rows(), await planned()], [[loaded], []]);

      // A month taken away.
      await succeeds(bq("rm", "-f", "-t", `${TABLE}$202501`));
      assert.deepEqual(await planned(), ["spot_klines 2025-01: missing"]);
      (await cli.run("load")).exits(0);
      assert.deepEqual(await rows(), [loaded]);

      // A table of the name, made by hand.
      await succeeds(bq("rm", "-f", "-t", TABLE));
      await succeeds(bq("mk", "--table", TABLE, "open_time:STRING,close:FLOAT"));
      assert.match((await cli.run("load")).exits(4).stderr, /spot_klines: it has no column ts/);
      const named = (await cli.run("setup")).exits(3);
      const [next = ""] = nextsOf(named.stderr);
      assert.match(next, / --move-existing$/);
      (await cli.follow(next)).exits(0);
      (await cli.run("load")).exits(0);
      assert.deepEqual(await rows(), [loaded]);
    });
  } finally {
    await google.close();
    await venues.close();
  }
});
