import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDuration } from "../../src/core/duration.ts";
import { UsageError } from "../../src/core/errors.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { tree } from "../fakes/folder.ts";
import { Cli, commandOf, nextsOf, type Running, type WorkAnswer } from "./process.ts";

const NOW = Date.parse("2025-02-10T12:34:56Z");
const MONTHS = ["--symbol", "BTCUSDT", "--interval", "15m", "--from", "2024-10-01", "--to", "2025-02-01"];
const posix = process.platform !== "win32";

/** Until the twin was asked so often for candles. */
async function asked(twin: Twin, times: number, { child, stderr }: Running): Promise<void> {
  while (twin.requests.filter(({ path }) => path.endsWith("/klines")).length < times) {
    assert.equal(child.exitCode ?? child.signalCode, null, `ended too early: ${stderr}`);
    await sleep(5);
  }
}

/** Time is up when the test says so: the machine's pace has no part in it. */
function timeOnDemand(cli: Cli): void {
  const module = `AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    process.on("SIGUSR2", () => controller.abort(new DOMException(String(ms), "TimeoutError")));
    return controller.signal;
  };`;
  writeFileSync(cli.path("time.mjs"), module);
  cli.env["NODE_OPTIONS"] = `--import=${cli.path("time.mjs")}`;
}

const parquet = (folder: string) => [...tree(folder)].filter(([file]) => file.endsWith(".parquet"));

describe("--max-runtime", () => {
  test("keeps what is finished, defers the rest, and the same command goes on", { skip: !posix }, async () => {
    const silent = await startTwin({ now: NOW, faults: "timeout@/klines@4-" });
    const good = await startTwin({ now: NOW });
    try {
      using cli = Cli.at(silent.settings);
      using whole = Cli.at(good.settings);
      timeOnDemand(cli);
      const words = ["ingest", "spot", ...MONTHS, "--max-runtime", "1h30m", "--format", "json"];
      const running = cli.start(...words);
      await asked(silent, 4, running);
      running.child.kill("SIGUSR2");
      const ended = (await running.end()).exits(1);
      const { ok, steps, totals, error } = ended.json<WorkAnswer>();
      assert.equal(ok, false);
      assert.equal(error, null);
      const done = steps.filter(({ status }) => status === "done");
      const left = steps.filter(({ status }) => status === "deferred");
      assert.ok(done.length > 0 && left.length > 0);
      assert.equal(done.length + left.length, steps.length);
      assert.deepEqual([totals["done"], totals["deferred"], totals["planned"]], [done.length, left.length, 123]);
      assert.deepEqual([...new Set(left.map(({ error }) => error?.code))], ["max-runtime"]);
      assert.match(ended.stderr, /^deferred: \d+ steps .*: The time of --max-runtime 1h30m is up; .*\.$/m);
      assert.ok(![...tree(cli.path("data")).keys()].some((file) => file.includes("_lock")));

      const [next] = nextsOf(ended.stderr);
      assert.deepEqual(commandOf(next ?? ""), words);
      Object.assign(cli.env, good.settings);
      const rest = (await cli.follow(next ?? "")).exits(0).json<WorkAnswer>();
      assert.equal(rest.steps.length, left.length);
      (await whole.run("ingest", "spot", ...MONTHS)).exits(0);
      assert.deepEqual(parquet(cli.path("data")), parquet(whole.path("data")));
    } finally {
      await silent.close();
      await good.close();
    }
  });

  test("what is finished is in the bucket before the end: a machine that is thrown away loses nothing", {
    skip: !posix,
  }, async () => {
    const silent = await startTwin({ now: NOW, faults: "timeout@/klines@4-" });
    const good = await startTwin({ now: NOW });
    const google = await startGoogleTwin();
    try {
      const bucket = { ...google.settings, CANDLELAKE_WAREHOUSE: "" };
      using one = Cli.at({ ...silent.settings, ...bucket });
      timeOnDemand(one);
      const words = ["ingest", "spot", ...MONTHS, "--max-runtime", "1h"];
      const running = one.start(...words, "--format", "json");
      await asked(silent, 4, running);
      running.child.kill("SIGUSR2");
      const { steps } = (await running.end()).exits(1).json<WorkAnswer>();
      const fate = (action: string) => steps.filter((step) => step.action === action).map(({ status }) => status);
      assert.deepEqual(fate("upload"), fate("fetch"));
      const done = fate("upload").filter((status) => status === "done").length;
      assert.ok(done > 0 && done < steps.length / 2);
      assert.equal(steps.filter(({ error }) => error?.code === "max-runtime").length, steps.length - 2 * done);

      using two = Cli.at({ ...good.settings, ...bucket });
      const rest = (await two.run(...words, "--format", "json")).exits(0).json<WorkAnswer>();
      assert.equal(rest.steps.length, steps.length - 2 * done);
    } finally {
      await silent.close();
      await good.close();
      await google.close();
    }
  });

  for (const [what, faults, words] of [
    ["a bucket that lists nothing", "timeout@GET/demo-bucket/o", ["ingest", "spot", ...MONTHS]],
    ["a bucket that gives no manifest", "timeout@/_manifests/@2-", ["ingest", "spot", ...MONTHS]],
    ["a warehouse that tells nothing of its ledger", "timeout@/load_ledger", ["load"]],
    ["a warehouse that does not tell its tables when it is loaded", "timeout@/spot_klines@2-", ["load"]],
    ["a bucket that is not listed before it is loaded", "timeout@GET/demo-bucket/o?@6-", ["load"]],
    ["a bucket that is not listed after it was loaded", "timeout@GET/demo-bucket/o?@7-", ["load"]],
  ] as const)
    for (const [by, code, exit] of [
      ["SIGUSR2", "max-runtime", 1],
      ["SIGTERM", "interrupted", 130],
    ] as const)
      test(`${what}: nobody waits for it after ${code}`, { skip: !posix, timeout: 60_000 }, async () => {
        const google = await startGoogleTwin();
        try {
          using cli = Cli.made({ ...google.settings });
          const isAfter = what.includes("after it was loaded");
          const day = ["ingest", "spot", ...MONTHS.slice(0, 4), "--date", "2025-01-01"];
          (await cli.run("setup")).exits(0);
          (await cli.run(...day)).exits(0);
          google.setFaults(faults);
          timeOnDemand(cli);
          const machine = ["--data", cli.path("elsewhere"), "--log", "json"];
          const running = cli.start(...words, "--max-runtime", "1h", ...machine);
          while (!google.requests.some(({ status }) => status === 0)) {
            assert.equal(running.child.exitCode, null, running.stderr);
            await sleep(5);
          }
          assert.equal(
            google.requests.some(({ method, path }) => method === "POST" && path.endsWith("/jobs")),
            isAfter,
          );
          running.child.kill(by);
          const { stderr } = (await running.end()).exits(exit);
          const last = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "");
          assert.deepEqual([last.event, last.code, last.ok], ["summary", code, false]);
        } finally {
          await google.close();
        }
      });

  test("leaves an upload of what lay there before when the time is up", { skip: !posix }, async () => {
    const google = await startGoogleTwin();
    try {
      using cli = Cli.made();
      (await cli.run("ingest", "spot", ...MONTHS)).exits(0);
      Object.assign(cli.env, google.settings, { CANDLELAKE_WAREHOUSE: "" });
      google.setFaults("503@/upload@40-");
      timeOnDemand(cli);
      const running = cli.start("upload", "--max-runtime", "1h", "--format", "json");
      while (!google.requests.some(({ status }) => status === 503)) {
        assert.equal(running.child.exitCode, null, running.stderr);
        await sleep(5);
      }
      running.child.kill("SIGUSR2");
      const { steps } = (await running.end()).exits(1).json<WorkAnswer>();
      const left = steps.filter(({ error }) => error?.code === "max-runtime");
      assert.ok(left.length > 0 && left.length < steps.length);
      google.setFaults("");
      const rest = (await cli.run("upload", "--format", "json")).exits(0).json<WorkAnswer>();
      assert.equal(rest.steps.length, left.length);
    } finally {
      await google.close();
    }
  });

  test("leaves load jobs running when the time is up: the run that started them has them in its receipt", {
    skip: !posix,
  }, async () => {
    const google = await startGoogleTwin({ jobs: { polls: 100 } });
    try {
      using cli = Cli.made({ ...google.settings, CANDLELAKE_WAREHOUSE: "" });
      const days = ["--symbol", "BTCUSDT", "--interval", "1h", "--from", "2024-12-31", "--to", "2025-01-02"];
      (await cli.run("ingest", "spot", ...days)).exits(0);
      Object.assign(cli.env, google.settings);
      (await cli.run("setup")).exits(0);
      timeOnDemand(cli);
      const words = ["load", "--format", "json"];
      const running = cli.start(...words, "--max-runtime", "1h");
      // Whoever asks after a job knows that it runs.
      const followed = () =>
        new Set(google.requests.filter(({ path }) => /\/jobs\/./.test(path)).map(({ path }) => path));
      while (followed().size < 2) {
        assert.equal(running.child.exitCode, null, running.stderr);
        await sleep(5);
      }
      running.child.kill("SIGUSR2");
      interface Loaded extends WorkAnswer {
        readonly receipt?: Readonly<Record<string, number>>;
      }
      const numbers = ({ steps, totals, receipt }: Loaded) => [
        steps.filter(({ status }) => status === "done").length,
        ...[totals["loadJobs"], receipt?.["loadJobs"], receipt?.["bytesLoaded"], receipt?.["ledgerJobs"]],
      ];
      assert.deepEqual(numbers((await running.end()).exits(1).json()), [0, 2, 2, 0, 0]);
      google.bigquery.jobs.polls = 0;
      for (const path of followed()) {
        let job: { readonly status?: { readonly state: string } } = {};
        while (job.status?.state !== "DONE")
          job = (await (await fetch(`${google.url}${path}?location=us-central1`)).json()) as typeof job;
      }
      assert.deepEqual(numbers((await cli.run(...words)).exits(0).json()), [2, 0, 0, 0, 1]);
    } finally {
      await google.close();
    }
  });

  test("ends a run that would wait for its venue, before there is a plan too", async () => {
    const silent = await startTwin({ now: NOW, faults: "timeout" });
    try {
      using cli = Cli.at(silent.settings);
      const words = ["ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-01", "--max-runtime", "1s"];
      const ended = (await cli.run(...words, "--format", "json")).exits(1);
      const answer = ended.json<WorkAnswer>();
      assert.deepEqual([answer.ok, answer.steps, answer.error?.code], [false, [], "max-runtime"]);
      assert.deepEqual(commandOf(answer.error?.next ?? ""), [...words, "--format", "json"]);
      assert.deepEqual([...tree(cli.path("data")).keys()], []);
    } finally {
      await silent.close();
    }
  });

  test("a signal is still the user's", { skip: !posix }, async () => {
    const silent = await startTwin({ now: NOW, faults: "timeout@/klines" });
    try {
      using cli = Cli.at(silent.settings);
      const running = cli.start("ingest", "spot", ...MONTHS, "--max-runtime", "1h", "--format", "json");
      await asked(silent, 1, running);
      running.child.kill("SIGTERM");
      assert.equal((await running.end()).exits(130).json<WorkAnswer>().error?.code, "interrupted");
    } finally {
      await silent.close();
    }
  });

  test("enough time changes nothing", async () => {
    using cli = Cli.made();
    const day = ["ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-01"];
    (await cli.run(...day, "--max-runtime", "1h")).exits(0);
    (await cli.run("load", "--max-runtime", "168h")).exits(0);
    assert.match((await cli.run(...day)).exits(0).stdout, /^Nothing to do/m);
  });

  test("reads hours, minutes and seconds, and nothing else", async () => {
    const read = (text: string) => parseDuration(text, "--max-runtime");
    assert.deepEqual(["90s", "45m", "1h30m", "2h5s", "168h"].map(read), [90e3, 2700e3, 5400e3, 7205e3, 604800e3]);
    for (const text of ["", "0s", "5", "m", "1.5h", "30m1h", "-5m", "169h", "1 h", "1H"])
      assert.throws(() => read(text), UsageError, text);
    using cli = Cli.made();
    const refused = (await cli.run("load", "--max-runtime", "soon")).exits(2);
    assert.match(refused.stderr, /--max-runtime "soon" is no time from 1s to 168h: write 90s, 45m or 1h30m\./);
  });
});
