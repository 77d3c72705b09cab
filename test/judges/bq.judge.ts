import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { FIELDS, hours, type Lab, parquetOf, startLab } from "../fakes/bigquery-lab.ts";

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

/** Runs bq against the lab, with nobody's configuration and a token that means nothing. */
async function bqOf(lab: Lab, work: (bq: (...args: string[]) => Promise<Outcome>, folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "candlelake-bq-"));
  const env = { ...process.env, CLOUDSDK_CONFIG: folder, CLOUDSDK_AUTH_ACCESS_TOKEN: "fake", HOME: folder };
  const bq = (...args: string[]) =>
    new Promise<Outcome>((resolve) => {
      const all = ["--api", lab.url, "--project_id", "demo", "--headless", ...args];
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
  await bqOf(lab, async (bq, folder) => {
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
