import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { logStyle } from "../../src/cli/log.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { startTwin } from "../../src/twin/start.ts";
import { BIN, Cli, commandOf, type Ended } from "./process.ts";

const NOW = Date.parse("2025-02-10T12:34:56Z");
const DAYS = ["--symbol", "BTCUSDT", "--from", "2025-01-30", "--to", "2025-02-02"];

interface Receipt {
  readonly objects: number;
  readonly storageRequests: { readonly lists: number };
  readonly loadJobs: number;
  readonly ledgerJobs: number;
  readonly rowsLoaded: number;
  readonly bytesLoaded: number;
  readonly bytesBilled: number;
  readonly monthUsd: number;
}

type Entry = Readonly<Record<string, unknown>>;

/** Standard error as Cloud Logging reads it: an object a line, and of each the fields that it knows. */
function entries({ stderr }: Ended): Entry[] {
  assert.match(stderr, /\n$/);
  return stderr
    .trimEnd()
    .split("\n")
    .map((line) => {
      const entry = JSON.parse(line) as Entry;
      assert.match(String(entry["severity"]), /^(?:DEBUG|INFO|WARNING|ERROR)$/);
      assert.match(String(entry["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(typeof entry["message"] === "string" && entry["message"] !== "");
      assert.ok(typeof entry["event"] === "string");
      if ("next" in entry && entry["code"] !== "bug") commandOf(String(entry["next"]));
      const labels = entry["logging.googleapis.com/labels"] as Record<string, unknown>;
      assert.equal(labels["program"], "candlelake");
      assert.ok(Object.values(labels).every((label) => typeof label === "string"));
      return entry;
    });
}

const shape = (found: readonly Entry[]) => found.map(({ severity, event }) => `${severity} ${event}`);

describe("a log for programs", () => {
  test("a run tells its plan, each step and a summary, and standard output stays empty", async () => {
    using cli = Cli.made({ CLOUD_RUN_JOB: "hourly" });
    const ended = (await cli.run("ingest", "spot", ...DAYS)).exits(0);
    assert.equal(ended.stdout, "");
    const found = entries(ended);
    assert.deepEqual(shape(found), ["INFO plan", "INFO step", "INFO step", "INFO step", "INFO summary"]);
    const { time, ...step } = found[1] ?? {};
    assert.deepEqual(step, {
      severity: "INFO",
      message: "done fetch spot_klines BTCUSDT 2025-01-30",
      event: "step",
      action: "fetch",
      table: "spot_klines",
      series: "synthetic_btcusdt_spot_1h",
      day: "2025-01-30",
      status: "done",
      reason: "missing",
      rows: 24,
      bytes: step["bytes"],
      "logging.googleapis.com/labels": { program: "candlelake", command: "ingest" },
    });
    const last = found.at(-1);
    assert.deepEqual(
      ["ok", "exit", "synthetic", "done", "failed", "deferred", "rows"].map((name) => last?.[name]),
      [true, 0, true, 3, 0, 0, 72],
    );

    const load = entries((await cli.run("load")).exits(0));
    assert.deepEqual(
      load.filter(({ event }) => event === "step").map(({ table, month, rows }) => [table, month, rows]),
      [
        ["spot_klines", "2025-01", 48],
        ["spot_klines", "2025-02", 24],
      ],
    );
    const idle = entries((await cli.run("load")).exits(0));
    assert.deepEqual([idle.at(-1)?.["event"], idle.at(-1)?.["ok"], idle.at(-1)?.["planned"]], ["summary", true, 0]);
  });

  test("the summary has the receipt of a run in the cloud, number by number", async () => {
    const google = await startGoogleTwin();
    try {
      using cli = Cli.made({ ...google.settings, CLOUD_RUN_JOB: "hourly" });
      (await cli.run("setup")).exits(0);
      const ingest = (await cli.run("ingest", "spot", ...DAYS)).exits(0);
      const sent = entries(ingest).at(-1)?.["receipt"] as Receipt;
      assert.deepEqual([sent.objects, sent.loadJobs], [3, 0]);
      const load = (await cli.run("load", "spot", "--format", "json")).exits(0);
      const { receipt } = load.json<{ receipt: Receipt }>();
      assert.deepEqual(entries(load).at(-1)?.["receipt"], receipt);
      assert.deepEqual([receipt.loadJobs, receipt.ledgerJobs, receipt.rowsLoaded, receipt.bytesBilled], [2, 1, 72, 0]);
      assert.ok(receipt.bytesLoaded > 0 && receipt.storageRequests.lists > 0 && receipt.monthUsd >= 0);
      // A plan has spent nothing that anybody is to be told of.
      assert.ok(
        !("receipt" in (entries((await cli.run("ingest", "spot", ...DAYS, "--dry-run")).exits(0)).at(-1) ?? {})),
      );
    } finally {
      await google.close();
    }
  });

  test("what is deferred is a warning, what failed an error; the summary has the code for an alert", async () => {
    const twin = await startTwin({ now: NOW, faults: "451@/fapi" });
    try {
      using cli = Cli.at(twin.settings, { CANDLELAKE_LOG: "json" });
      const series = (market: string, symbol: string) => ({ market, symbol, interval: "1h", from: "2025-02-09" });
      const configure = (...all: unknown[]) =>
        writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ series: all }));
      configure(series("spot", "BTCUSDT"), { ...series("futures", "BTCUSDT"), source: "rest" });
      const deferred = entries((await cli.run("run")).exits(1));
      const last = deferred.at(-1);
      assert.deepEqual(
        [last?.["severity"], last?.["event"], last?.["ok"], last?.["exit"], last?.["code"]],
        ["WARNING", "summary", false, 1, "geo-blocked"],
      );
      assert.ok(shape(deferred).includes("WARNING error"));
      assert.ok(!shape(deferred).some((line) => line.startsWith("ERROR")), shape(deferred).join());

      configure(series("spot", "BTCUSDT"), series("spot", "NOSUCHUSDT"));
      const failed = entries((await cli.run("run")).exits(1));
      assert.ok(shape(failed).includes("ERROR error"));
      assert.deepEqual([failed.at(-1)?.["code"], failed.at(-1)?.["failed"]], ["unknown-symbol", 2]);
    } finally {
      await twin.close();
    }
  });

  test("a failure as a whole is an error and a summary; standard output keeps its JSON", async () => {
    using cli = Cli.made({ CANDLELAKE_LOG: "json" });
    const ended = (await cli.run("run", "--format", "json")).exits(2);
    const found = entries(ended);
    assert.deepEqual(shape(found), ["ERROR error", "ERROR summary"]);
    assert.deepEqual(
      found.map(({ code, next }) => [code, next]),
      [
        ["no-series", "candlelake init"],
        ["no-series", "candlelake init"],
      ],
    );
    assert.equal(ended.json<{ error: { code: string } }>().error.code, "no-series");
    assert.deepEqual(shape(entries((await cli.run("lod")).exits(2))), ["ERROR error", "ERROR summary"]);
    assert.deepEqual(shape(entries((await cli.run("load", "--from", "never")).exits(2))), [
      "ERROR error",
      "ERROR summary",
    ]);
  });

  test("a bug is one entry, stack and all", async () => {
    using cli = Cli.made({ CANDLELAKE_LOG: "json" });
    writeFileSync(cli.path("bug.mjs"), 'Math.floor = () => { throw new TypeError("a bug") };');
    const env = { ...cli.env, NODE_OPTIONS: `--import=${cli.path("bug.mjs")}` };
    const args = [BIN, "ingest", "spot", ...DAYS];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: cli.folder.path, env, encoding: "utf8" });
    assert.equal(status, 70);
    const found = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Entry);
    assert.deepEqual(shape(found), ["ERROR error", "ERROR summary"]);
    assert.match(String(found[0]?.["message"]), /TypeError: a bug\n +at /);
  });

  test("--quiet leaves errors and the summary", async () => {
    using cli = Cli.made();
    const quiet = await cli.run("ingest", "spot", ...DAYS, "--log", "json", "--quiet");
    assert.deepEqual(shape(entries(quiet.exits(0))), ["INFO summary"]);
  });

  test("what was asked for is still answered on standard output", async () => {
    using cli = Cli.made({ K_SERVICE: "service" });
    writeFileSync(
      cli.path("candlelake.config.json"),
      JSON.stringify({ series: [{ market: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-30" }] }),
    );
    assert.match((await cli.run("plan")).exits(0).stdout, /steps planned, none taken\.$/m);
    assert.match((await cli.run("schema")).exits(0).stdout, /open_time/);
    const steps = (await cli.run("ingest", "spot", ...DAYS, "--format", "ndjson")).exits(0).stdout;
    assert.equal(steps.trimEnd().split("\n").length, 3);
  });

  test("text is the default; a flag comes before the environment, and both before where it runs", async () => {
    const job = { CLOUD_RUN_JOB: "hourly" };
    assert.equal(logStyle(undefined, {}, false), "text");
    assert.equal(logStyle(undefined, job, false), "json");
    assert.equal(logStyle(undefined, job, true), "text");
    assert.equal(logStyle(undefined, { ...job, CANDLELAKE_LOG: "text" }, false), "text");
    assert.equal(logStyle(undefined, { CANDLELAKE_LOG: "json" }, true), "json");
    assert.equal(logStyle("text", { CANDLELAKE_LOG: "json" }, false), "text");
    using cli = Cli.made({ CANDLELAKE_LOG: "xml" });
    const refused = (await cli.run("status")).exits(2);
    assert.match(refused.stderr, /^candlelake: CANDLELAKE_LOG=xml: write text or json\.\n {2}next: /);
  });
});
