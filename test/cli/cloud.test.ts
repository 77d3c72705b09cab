import * as assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type GoogleTwin, startGoogleTwin } from "../../src/twin/google/start.ts";
import { Cli, type Ended, nextsOf, type WorkAnswer } from "./process.ts";

const INGEST = ["ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", "--date", "2025-01-01"];
const KEY = "synthetic/spot_klines/interval=1h/yyyy=2025/mm=01/dd=01/synthetic_btcusdt_spot_1h_2025-01-01.parquet";
const LOAD = ["load", "spot", "--project", "demo"];

interface Setup {
  readonly differs: readonly { readonly table: string; readonly difference: string; readonly next: string }[];
}

describe("the command line in the cloud", () => {
  let google: GoogleTwin;
  before(async () => {
    google = await startGoogleTwin();
  });
  after(() => google.close());

  /** A machine with an empty folder. */
  const machine = (rest: Readonly<Record<string, string>> = {}): Cli => {
    const { CANDLELAKE_STORAGE_ENDPOINT = "", CANDLELAKE_BIGQUERY_ENDPOINT = "" } = google.settings;
    return Cli.made({ CANDLELAKE_STORAGE_ENDPOINT, CANDLELAKE_BIGQUERY_ENDPOINT, DATA_BUCKET: "demo-bucket", ...rest });
  };

  /** A bucket of its own, so that one test's objects are none of another's. */
  async function bucket(name: string, settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await fetch(`${google.url}/storage/v1/b?project=demo`, {
      method: "POST",
      body: JSON.stringify({ name, location: "us-central1", ...settings }),
    });
    assert.equal(answer.status, 200, await answer.text());
    return name;
  }

  const only = ({ steps }: WorkAnswer, action: string) =>
    steps.find((step) => step.action === action) ?? assert.fail(`no ${action}`);

  test("without credentials the answer is the command that makes them, before anything is asked", async () => {
    using cli = Cli.made({ CANDLELAKE_BUCKET: "gs://nobody", HOME: "/nonexistent", CLOUDSDK_CONFIG: "/nonexistent" });
    const ended = (await cli.run("status")).exits(4);
    assert.match(ended.stderr, /No Google credentials/);
    assert.match(ended.stderr, /^ {2}next: gcloud auth application-default login$/m);
    const big = Cli.made({ HOME: "/nonexistent", CLOUDSDK_CONFIG: "/nonexistent" });
    const { stderr } = (await big.run("load", "--project", "some-project")).exits(4);
    assert.match(stderr, /next: gcloud auth application-default login/);
    big[Symbol.dispose]();
  });

  test("of many foreign objects some are named, with commands that a shell reads as they are meant", async () => {
    const name = await bucket("old-pipeline");
    const names = [
      "$(touch pwned).parquet",
      "it's old.parquet",
      ...Array.from({ length: 26 }, (_, i) => `${i}.parquet`),
    ];
    for (const one of names) {
      const at = new URLSearchParams({ uploadType: "media", name: `synthetic/spot/${one}` });
      const url = `${google.url}/upload/storage/v1/b/${name}/o?${at}`;
      assert.equal((await fetch(url, { method: "POST", body: "PAR1" })).status, 200);
    }
    using cli = machine({ DATA_BUCKET: name });
    const { stderr } = (await cli.run("status")).exits(0);
    const lines = stderr.split("\n");
    const next = lines.find((line) => line.includes("touch pwned).parquet#")) ?? assert.fail(stderr);
    assert.match(
      next,
      /^ {2}next: gcloud storage mv --if-generation-match=0 'gs:\/\/old-pipeline\/synthetic\/spot\/\$\(touch pwned\)\.parquet#\d+' 'gs:\/\/old-pipeline\/legacy\/spot\/\$\(touch pwned\)\.parquet'$/,
    );
    assert.match(stderr, /^25 more: its name is none of the lake's\.\n {2}next: candlelake status --format json/m);
    assert.equal(stderr.trim().split("\n").length, 8, stderr);
    const { foreign } = (await cli.run("status", "--format", "json")).exits(0).json<{ foreign: { next: string }[] }>();
    assert.equal(foreign.length, 28);
    assert.ok(foreign.some(({ next }) => next.includes("'gs://old-pipeline/synthetic/spot/it'\\''s old.parquet#")));
  });

  test("of a workload identity every line is ours, and a token that is not there is named at once", async () => {
    using cli = Cli.made({ CANDLELAKE_BUCKET: "gs://nobody" });
    const [file, token] = [cli.path("identity.json"), cli.path("token")];
    const identity = {
      ...{ type: "external_account", audience: "//iam", subject_token_type: "urn:ietf:params:oauth:token-type:jwt" },
      // Where nobody listens.
      token_url: "http://127.0.0.1:9/v1/token",
      credential_source: { file: token },
    };
    writeFileSync(file, JSON.stringify(identity));
    cli.env["GOOGLE_APPLICATION_CREDENTIALS"] = file;
    const lines = ({ stderr }: Ended) =>
      stderr
        .trimEnd()
        .split("\n")
        .map((line): { event: string; code: string; message: string } => JSON.parse(line));
    const [missing] = lines((await cli.run("status", "--log", "json")).exits(4));
    assert.equal(missing?.code, "bad-credentials");
    assert.ok(missing.message.includes(file) && missing.message.includes(token), missing.message);
    writeFileSync(token, "a.b.c");
    for (const words of [["status"], ["query", "SELECT 1", "--project", "some-project"]]) {
      const said = lines((await cli.run(...words, "--log", "json")).exits(4));
      assert.deepEqual(
        said.map(({ event, code }) => [event, code]),
        [
          ["error", "unreachable"],
          ["summary", "unreachable"],
        ],
      );
    }
  });

  test("what may not be written is in the folder all the same, and goes up the next time", async () => {
    using cli = machine({ DATA_BUCKET: await bucket("no-rights") });
    google.denied.add("storage.objects.create");
    const first = (await cli.run(...INGEST, "--format", "json")).exits(1).json<WorkAnswer>();
    google.denied.clear();
    assert.deepEqual([only(first, "fetch").status, only(first, "upload").status], ["done", "failed"]);
    const { code, message, next } = only(first, "upload").error ?? assert.fail();
    assert.equal(code, "permission-denied");
    assert.match(message, /storage\.objects\.create/);
    assert.match(
      next,
      /^gcloud storage buckets add-iam-policy-binding gs:\/\/no-rights --member=\S+ --role=roles\/storage\.object\w+$/,
    );
    const second = (await cli.run(...INGEST, "--format", "json")).exits(0).json<WorkAnswer>();
    assert.deepEqual(
      second.steps.map(({ action, status }) => `${action} ${status}`),
      ["upload done"],
    );
  });

  test("months that wait for an upload that failed are deferred, and what failed is said once", async () => {
    using cli = machine({ DATA_BUCKET: await bucket("no-uploads"), CANDLELAKE_WAREHOUSE: "bigquery:demo.waiting_raw" });
    const series = [{ market: "spot", symbol: "BTCUSDT", interval: "1d", from: "2026-01-01" }];
    writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ series }));
    (await cli.run("setup")).exits(0);
    google.denied.add("storage.objects.create");
    const ended = await cli.run("run", "--format", "json");
    google.denied.clear();
    const { steps } = ended.exits(1).json<WorkAnswer>();
    const [uploads, loads] = ["upload", "load"].map((action) => steps.filter((step) => step.action === action));
    assert.ok(loads && uploads && loads.length > 1 && uploads.length > loads.length);
    for (const step of uploads) assert.deepEqual([step.status, step.error?.code], ["failed", "permission-denied"]);
    for (const step of loads) assert.deepEqual([step.status, step.error?.code], ["deferred", "permission-denied"]);
    assert.equal(nextsOf(ended.stderr).length, 1, ended.stderr);
    (await cli.run("run")).exits(0);
    // Where no upload was tried, what lacks is said once, and uploading is the way on.
    using late = machine({ DATA_BUCKET: "", CANDLELAKE_WAREHOUSE: "bigquery:demo.late_raw" });
    writeFileSync(late.path("candlelake.config.json"), JSON.stringify({ series }));
    await late.run("run");
    late.env["DATA_BUCKET"] = await bucket("late");
    (await late.run("setup")).exits(0);
    const early = (await late.run("load")).exits(4);
    const [next = "", ...others] = nextsOf(early.stderr);
    assert.deepEqual([next, others], ["candlelake upload", []]);
    (await late.follow(next)).exits(0);
    (await late.run("load")).exits(0);
  });

  for (const [fault, code, next] of [
    ["expired", "credentials-expired", /^gcloud auth application-default login$/],
    ["billing", "billing-off", /^gcloud billing /],
  ] as const) {
    test(`${fault}: one message and the command that helps`, async () => {
      using cli = machine({ DATA_BUCKET: await bucket(`fault-${fault}`) });
      google.setFaults(fault);
      const { error } = (await cli.run("status", "--format", "json")).exits(4).json<{
        error: { code: string; next: string };
      }>();
      google.setFaults("");
      assert.equal(error.code, code);
      assert.match(error.next, next);
    });
  }

  test("a bucket that is not there is named with the command that makes it", async () => {
    using cli = machine({ DATA_BUCKET: "nobodys-bucket" });
    const ended = (await cli.run(...INGEST)).exits(4);
    assert.match(ended.stderr, /gs:\/\/nobodys-bucket/);
    assert.match(ended.stderr, /next: gcloud storage buckets create gs:\/\/nobodys-bucket --location us-central1/);
  });

  test("a bucket that lies elsewhere than the dataset is told at setup, and a load names it", async () => {
    using cli = machine({ DATA_BUCKET: await bucket("far-away", { location: "europe-west1" }) });
    const setup = (await cli.run("setup", "--project", "demo", "--format", "json")).exits(3).json<Setup>();
    const [apart] = setup.differs;
    assert.equal(apart?.table, "gs://far-away");
    assert.match(apart?.difference ?? "", /lies in europe-west1 and the dataset in us-central1/);
    (await cli.run(...INGEST)).exits(0);
    const { stderr } = (await cli.run(...LOAD)).exits(4);
    assert.match(stderr, /source: europe-west1, destination: us-central1/);
    const [next = ""] = nextsOf(stderr);
    assert.equal(
      next,
      "candlelake setup --project demo --dataset btc_forecast_europe_west1_raw --location europe-west1",
    );
    (await cli.follow(next)).exits(0);
    (await cli.run(...next.replace("candlelake setup", "load spot").split(" "))).exits(0);
  });

  test("a bucket that keeps objects takes the first version and says what stands in a correction's way", async () => {
    using cli = machine({ DATA_BUCKET: await bucket("kept", { retentionPolicy: { retentionPeriod: "86400" } }) });
    (await cli.run(...INGEST)).exits(0);
    const path = `/storage/v1/b/kept/o/${encodeURIComponent(KEY)}`;
    const there = (await (await fetch(google.url + path)).json()) as { metadata: { rows: string } };
    assert.equal(there.metadata.rows, "24");
    (await cli.run(...INGEST.slice(0, -1), "2025-01-02")).exits(1);
    const { stderr } = await cli.run(...INGEST.slice(0, -1), "2025-01-02");
    assert.match(stderr, /retention/);
    assert.match(stderr, /next: gcloud storage buckets describe gs:\/\/kept/);
  });

  test("who may only read can plan, look and query", async () => {
    const name = await bucket("read-only");
    using writer = machine({ DATA_BUCKET: name });
    (await writer.run(...INGEST)).exits(0);
    for (const right of ["create", "delete", "update"]) google.denied.add(`storage.objects.${right}`);
    try {
      using reader = machine({ DATA_BUCKET: name });
      const { series } = (await reader.json("status")) as { series: { uploaded: number; rows: number }[] };
      assert.deepEqual([series[0]?.uploaded, series[0]?.rows], [1, 24]);
      assert.deepEqual(((await reader.json(...INGEST, "--dry-run")) as WorkAnswer).steps, []);
      const rows = await reader.json("query", "--lake", "SELECT count(*) AS n FROM spot_klines");
      assert.deepEqual(rows, [{ n: 24 }]);
    } finally {
      google.denied.clear();
    }
  });

  test("BigQuery without a bucket, a day that was not uploaded, a right that lacks: nothing is loaded, each has its next", async () => {
    const name = await bucket("half");
    using cli = machine({ DATA_BUCKET: "" });
    (await cli.run("setup", "--project", "demo")).exits(0);
    (await cli.run(...INGEST)).exits(0);
    const without = await cli.run(...LOAD);
    assert.match(without.stderr, /BigQuery loads from a bucket, and none is named/);
    cli.env["DATA_BUCKET"] = name;
    const early = await cli.run(...LOAD);
    assert.match(early.stderr, /gs:\/\/half does not have all[\s\S]*next: candlelake upload/);
    (await cli.run("upload")).exits(0);
    google.denied.add("bigquery.jobs.create");
    const denied = await cli.run(...LOAD, "--format", "json");
    google.denied.clear();
    const error = only(denied.json<WorkAnswer>(), "load").error;
    assert.equal(error?.code, "permission-denied");
    assert.match(
      error?.next ?? "",
      /^gcloud projects add-iam-policy-binding demo --member=.+ --role=roles\/bigquery\.jobUser$/,
    );
    const loaded = (await cli.run(...LOAD, "--format", "json")).exits(0).json<WorkAnswer>();
    assert.equal(loaded.totals["rowsLoaded"], 24);
    const { receipt } = loaded as WorkAnswer & { receipt: Readonly<Record<string, number>> };
    assert.deepEqual([loaded.totals["loadJobs"], receipt["loadJobs"], receipt["ledgerJobs"]], [1, 1, 1]);
  });

  test("a fresh machine runs on from the bucket, and its second run is a few requests", async () => {
    const name = await bucket("hourly");
    const config = JSON.stringify({
      series: [{ market: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-01" }],
    });
    using one = machine({ DATA_BUCKET: name, CANDLELAKE_WAREHOUSE: "bigquery:demo.hourly_raw" });
    writeFileSync(one.path("candlelake.config.json"), config);
    (await one.run("setup")).exits(0);
    (await one.run("run")).exits(0);
    using two = machine({ DATA_BUCKET: name, CANDLELAKE_WAREHOUSE: "bigquery:demo.hourly_raw" });
    writeFileSync(two.path("candlelake.config.json"), config);
    const before = google.requests.length;
    const again = (await two.run("run", "--format", "json")).exits(0).json<WorkAnswer>();
    const fetched = again.steps.filter(({ action }) => action === "fetch");
    assert.ok(fetched.length <= 1, `${fetched.length} days were fetched again`);
    const objects = google.requests
      .slice(before)
      .filter(({ query, path }) => query.includes("alt=media") && path.includes("parquet"));
    assert.deepEqual(objects, []);
  });

  test("no token and no key reaches an answer, a manifest or the log", async () => {
    const secret = "ya29.a0AfH6SMBsecretsecretsecret";
    using cli = machine({
      DATA_BUCKET: await bucket("secrets"),
      GOOGLE_OAUTH_ACCESS_TOKEN: secret,
      CANDLELAKE_LOG: "json",
    });
    google.setFaults("expired@/upload");
    const ended = await cli.run(...INGEST, "--format", "json", "--verbose");
    google.setFaults("");
    assert.ok(!`${ended.stdout}${ended.stderr}`.includes(secret));
    assert.doesNotMatch(ended.stdout + ended.stderr, /authorization|Bearer|private_key/i);
    for (const file of readdirSync(cli.folder.path, { recursive: true, encoding: "utf8" }))
      if (/\.(?:json|\d+)$/.test(file))
        assert.ok(!readFileSync(join(cli.folder.path, file), "utf8").includes("ya29"), file);
  });

  test("commands that need no cloud read none of Google's libraries", async () => {
    using cli = Cli.made();
    const spy = `import { createRequire } from "node:module"; const require = createRequire("${import.meta.filename}"); process.on("exit", () => { for (const name of Object.keys(require.cache)) if (/google/.test(name)) process.stderr.write("LOADED " + name + "\\n"); });`;
    cli.env["NODE_OPTIONS"] = `--import=data:text/javascript,${encodeURIComponent(spy)}`;
    for (const words of [INGEST, ["status"], ["load"], ["query", "SELECT 1 AS one"]])
      assert.doesNotMatch((await cli.run(...words)).exits(0).stderr, /LOADED/, words.join(" "));
    using far = machine({ DATA_BUCKET: "demo-bucket" });
    far.env["NODE_OPTIONS"] = cli.env["NODE_OPTIONS"] ?? "";
    assert.match((await far.run("status")).exits(0).stderr, /LOADED/);
  });
});
