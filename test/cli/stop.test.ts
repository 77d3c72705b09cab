import * as assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Progress } from "../../src/cli/progress.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { tree } from "../fakes/folder.ts";
import { BIN, Cli, commandOf, LAUNCHER, nextsOf, Running, type WorkAnswer } from "./process.ts";

const NOW = Date.parse("2025-02-10T12:34:56Z");
const posix = process.platform !== "win32";

/** Until the twin was asked so often for candles. */
async function asked(twin: Twin, times: number, { child, stderr }: Running): Promise<void> {
  while (twin.requests.filter(({ path }) => path.endsWith("/klines")).length < times) {
    assert.equal(child.exitCode ?? child.signalCode, null, `ended too early: ${stderr}`);
    await sleep(5);
  }
}

const parquet = (folder: string) => [...tree(folder)].filter(([file]) => file.endsWith(".parquet"));

describe("stopping", { skip: !posix && "signals are another matter there" }, () => {
  const WORDS = [
    "ingest",
    "spot",
    "--symbol",
    "BTCUSDT",
    "--interval",
    "15m",
    "--from",
    "2024-10-01",
    "--to",
    "2025-02-01",
  ];

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} ends a run that waits for its venue with 130; the next run goes on to the same lake`, async () => {
      const silent = await startTwin({ now: NOW, faults: "timeout@/klines@4-" });
      const good = await startTwin({ now: NOW });
      try {
        using cli = Cli.at(silent.settings);
        using whole = Cli.at(good.settings);
        const running = cli.start(...WORDS, "--format", "json");
        await asked(silent, 4, running);
        running.child.kill(signal);
        const ended = (await running.end()).exits(130);
        const answer = ended.json<WorkAnswer>();
        assert.equal(answer.ok, false);
        assert.equal(answer.error?.code, "interrupted");
        assert.ok(answer.steps.some(({ status }) => status === "planned"));
        assert.match(ended.stderr, /^candlelake: Stopped on request; what was finished is kept\.$/m);
        // Nothing is lost that was said to be done, and nothing else is there.
        const done = answer.steps.filter(({ status }) => status === "done").map(({ path }) => path);
        (await cli.run("status")).exits(0);
        const lake = new Set(tree(cli.path("data/synthetic")).keys());
        for (const path of done) assert.ok(lake.has(path), path);
        assert.ok(![...lake].some((file) => file.startsWith("_lock/")), [...lake].join());

        const next = nextsOf(ended.stderr)[0] as string;
        assert.deepEqual(commandOf(next), [...WORDS, "--format", "json"]);
        Object.assign(cli.env, good.settings);
        const rest = (await cli.follow(next)).exits(0).json<WorkAnswer>();
        assert.equal(rest.steps.length, answer.steps.length - done.length);
        (await whole.run(...WORDS)).exits(0);
        assert.deepEqual(parquet(cli.path("data")), parquet(whole.path("data")));
      } finally {
        await silent.close();
        await good.close();
      }
    });
  }

  test("SIGINT ends a query with 130, and the warehouse is whole", async () => {
    using cli = Cli.made();
    (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-01")).exits(0);
    (await cli.run("load")).exits(0);
    const query = cli.start("query", "SELECT range AS word FROM range(1000000000000)", "--format", "csv");
    await query.said(/^word\n0\n/);
    query.child.kill("SIGINT");
    (await query.end()).exits(130);
    assert.deepEqual(await cli.json("query", "SELECT count(*) AS n FROM spot_klines"), [{ n: 24 }]);
  });

  for (const [words, faults, signal] of [
    [["setup"], "timeout@GET/datasets/", "SIGTERM"],
    [["setup"], "timeout@POST", "SIGTERM"],
    [["setup"], "timeout@GET/b/demo-bucket", "SIGTERM"],
    [["status"], "timeout@GET/demo-bucket/o", "SIGTERM"],
    [["status"], "timeout@GET/demo-bucket/o", "SIGINT"],
    [["status"], "timeout@GET/datasets/", "SIGTERM"],
    [["status"], "timeout@GET/datasets/", "SIGINT"],
    [["query", "--lake", "SELECT 1 FROM spot_klines"], "timeout@GET/demo-bucket/o", "SIGTERM"],
    [["load"], "timeout@GET/demo-bucket/o", "SIGINT"],
    [["load"], "timeout@GET/datasets/", "SIGINT"],
    [["upload"], "timeout@GET/demo-bucket/o", "SIGINT"],
    [[...WORDS, "--dry-run"], "timeout@GET/demo-bucket/o", "SIGINT"],
  ] as const)
    test(`${signal} ends ${words[0]} while Google does not answer (${faults})`, { timeout: 60_000 }, async () => {
      const google = await startGoogleTwin({ faults });
      try {
        using cli = Cli.made(google.settings);
        const running = cli.start(...words);
        while (!google.requests.some(({ status }) => status === 0)) {
          assert.equal(running.child.exitCode, null, running.stderr);
          await sleep(5);
        }
        running.child.kill(signal);
        const { stderr } = (await running.end()).exits(130);
        assert.match(stderr, /^candlelake: Stopped on request; what was finished is kept\.$/m);
      } finally {
        await google.close();
      }
    });

  /** A hand needs as long between two keystrokes. */
  const BETWEEN_KEYS = 150;

  /** Makes the program deaf to being stopped: it is told, and goes on waiting. */
  function deafen(cli: Cli): Cli {
    const deaf = 'AbortController.prototype.abort = () => console.error("told to stop");';
    writeFileSync(cli.path("deaf.mjs"), deaf);
    cli.env["NODE_OPTIONS"] = `--import=${cli.path("deaf.mjs")}`;
    return cli;
  }

  for (const [what, as, to] of [
    ["the program", "itself", "process"],
    ["its group", "itself", "group"],
    ["what started the program", "child", "process"],
    ["the group of what started it", "child", "group"],
  ] as const) {
    test(`one SIGINT to ${what} is one, and ends the work cleanly`, async () => {
      const silent = await startTwin({ now: NOW, faults: "timeout@/klines@2-" });
      try {
        using cli = Cli.at(silent.settings);
        const running = cli.startJob(as, ...WORDS, "--format", "json");
        await asked(silent, 2, running);
        running.signal("SIGINT", to);
        const ended = (await running.end()).exits(130);
        assert.equal(ended.json<WorkAnswer>().error?.code, "interrupted");
        assert.ok(![...tree(cli.path("data")).keys()].some((file) => file.includes("_lock")));
      } finally {
        await silent.close();
      }
    });

    test(`a second SIGINT to ${what} ends at once what the first one cannot stop`, async () => {
      const silent = await startTwin({ now: NOW, faults: "timeout@/klines" });
      try {
        using cli = Cli.at(silent.settings);
        const running = deafen(cli).startJob(as, ...WORDS);
        await asked(silent, 1, running);
        running.signal("SIGINT", to);
        await running.said(/told to stop/);
        await sleep(BETWEEN_KEYS);
        assert.equal(running.child.exitCode, null, "the first one ended it");
        running.signal("SIGINT", to);
        assert.equal((await running.end()).code, 130);
      } finally {
        await silent.close();
      }
    });
  }

  test("a signal passed on to a program that hears nothing more ends as one that was stopped", async () => {
    const deaf = ["-e", "console.log('deaf'); setInterval(() => {}, 1000)"];
    const running = new Running([LAUNCHER, ...deaf], process.cwd(), process.env, true);
    await running.said(/deaf/);
    running.signal("SIGINT", "process");
    assert.equal((await running.end()).code, 130);
  });

  test("a signal that comes twice by two ways at once is one", async () => {
    const silent = await startTwin({ now: NOW, faults: "timeout@/klines" });
    try {
      using cli = Cli.at(silent.settings);
      const running = deafen(cli).startJob("itself", ...WORDS);
      await asked(silent, 1, running);
      running.signal("SIGINT", "process");
      await running.said(/told to stop/);
      running.signal("SIGINT", "process");
      await running.said(/told to stop\ntold to stop/);
      assert.equal(running.child.exitCode, null);
      await sleep(BETWEEN_KEYS);
      running.signal("SIGINT", "process");
      assert.equal((await running.end()).code, 130);
    } finally {
      await silent.close();
    }
  });
});

describe("streams", { skip: !posix && "needs a POSIX shell" }, () => {
  /** A command line of a shell, in which $C is the program. */
  function shell(cli: Cli, line: string) {
    const env = { ...cli.env, C: `${process.execPath} ${BIN}` };
    const { stdout, stderr } = spawnSync("sh", ["-c", line], { cwd: cli.folder.path, env, encoding: "utf8" });
    return { stdout, stderr };
  }

  test("a reader that has seen enough is no failure", async () => {
    using cli = Cli.made();
    (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-01")).exits(0);
    (await cli.run("load")).exits(0);
    for (const format of ["csv", "ndjson", "json", "text"]) {
      const query = `$C query 'SELECT range AS n, range + 1 AS m FROM range(300000)' --format ${format}`;
      const { stdout, stderr } = shell(cli, `{ ${query}; echo "exit $?" >&2; } | head -1`);
      assert.equal(stdout.split("\n").length, 2, format);
      assert.match(stderr, /^(?:\d+ more rows.*\n)?exit 0\n$/, format);
    }
    const { stderr } = shell(cli, `{ $C schema; echo "exit $?" >&2; } | true`);
    assert.equal(stderr, "exit 0\n");
  });

  test("talk that nobody reads stops no work", async () => {
    using cli = Cli.made();
    const ingest = "$C ingest spot --symbol BTCUSDT --from 2025-01-01T01:00Z --to 2025-01-03 --format json";
    const { stdout } = shell(
      cli,
      `{ ${ingest} 2>&3 >answer.json; echo "exit $?"; } 3>&1 >exit.txt | true; cat exit.txt`,
    );
    assert.equal(stdout, "exit 0\n");
    assert.equal(tree(cli.path("data")).size, 3);
    const closed = shell(cli, "$C ingest spot --symbol BTCUSDT --date 2025-01-05 --format json 2>&-");
    assert.equal(JSON.parse(closed.stdout).ok, true);
  });

  test("an answer that cannot be written is a failure, and says why", {
    skip: process.platform !== "linux" && "needs /dev/full",
  }, async () => {
    using cli = Cli.made();
    for (const words of ["schema", "schema --format json", "--help", "--version", "status --format csv"]) {
      const { stdout, stderr } = shell(cli, `$C ${words} > /dev/full; echo "exit $?"`);
      assert.equal(stdout, "exit 4\n", words);
      assert.match(stderr, /^candlelake: standard output cannot be written to: ENOSPC.*\n {2}next: .*\n$/, words);
      assert.deepEqual(nextsOf(stderr).map(commandOf), [words.split(" ")]);
    }
  });
});

describe("progress", () => {
  const hasScript = posix && spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

  /** All that a terminal shows. */
  function onTerminal(cli: Cli, ...words: string[]): string {
    const line = [process.execPath, BIN, ...words].map((word) => `'${word}'`).join(" ");
    const env = { TERM: "xterm", ...cli.env };
    const shown = execFileSync("script", ["-qec", line, "/dev/null"], { cwd: cli.folder.path, env, encoding: "utf8" });
    return shown.replaceAll("\x1b", "ESC");
  }
  const WORK = ["ingest", "spot", "--symbol", "BTCUSDT", "--from", "2023-01", "--to", "2025-01"];

  test("is one line on a terminal, taken away at the end", { skip: !hasScript && "no script(1)" }, () => {
    using cli = Cli.made();
    cli.env["TERM"] = "xterm";
    const shown = onTerminal(cli, ...WORK);
    assert.match(shown, /\rESC\[2K\d+\/731 steps {2}[\d.]+\/s {2}\d+ s left {2}fetch spot_klines BTCUSDT 20/);
    const answer = shown.slice(shown.lastIndexOf("ESC[2K") + "ESC[2K".length);
    assert.match(answer, /^SYNTHETIC: made data, no market\.\r?\naction /);
    assert.doesNotMatch(shown, /ESC(?!\[2K)/, "another escape sequence than the one that clears a line");
  });

  test("is none where it is not wanted", { skip: !hasScript && "no script(1)" }, () => {
    for (const [words, term] of [
      [["--no-progress"], "xterm"],
      [["--quiet"], "xterm"],
      [[], "dumb"],
    ] as const) {
      using cli = Cli.made();
      cli.env["TERM"] = term;
      assert.doesNotMatch(onTerminal(cli, ...WORK, ...words), /ESC|steps {2}/);
    }
  });

  test("is none for short work off a terminal", async () => {
    using cli = Cli.made();
    assert.equal((await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-01")).exits(0).stderr, "");
  });

  /** Steps at a given pace, and what was written. */
  function paced(terminal: boolean, shown: boolean, seconds: number, steps: number): string[] {
    const written: string[] = [];
    let now = 0;
    const screen = { write: (text: string) => void written.push(text), columns: 50, now: () => now };
    const progress = new Progress({ terminal, shown }, screen);
    progress.start(steps);
    for (let step = 0; step < steps; step++) {
      now += (seconds * 1000) / steps;
      progress.step("fetch spot_klines BTCUSDT 2025-01-01");
    }
    progress.clear();
    progress.clear();
    return written;
  }

  test("off a terminal is a line in ten seconds", () => {
    const lines = paced(false, true, 45, 450);
    assert.deepEqual(
      lines.map((line) => line.slice(0, line.indexOf(" left"))),
      [
        "100/450 steps  10/s  35 s",
        "200/450 steps  10/s  25 s",
        "300/450 steps  10/s  15 s",
        "400/450 steps  10/s  5 s",
      ],
    );
    assert.ok(lines.every((line) => line.endsWith("2025-01-01\n")));
    assert.deepEqual(paced(false, false, 45, 450), []);
    assert.match(paced(false, true, 20_000, 200)[0] ?? "", /^1\/200 steps {2}0\.0\/s {2}5 h 31 min left/);
    assert.match(paced(false, true, 200, 20)[0] ?? "", /^1\/20 steps {2}0\.1\/s {2}3 min 10 s left/);
  });

  test("on a terminal fits its width and is cleared once", () => {
    const drawn = paced(true, true, 1, 100);
    assert.equal(drawn.at(-1), "\r\x1b[2K");
    assert.ok(drawn.length >= 5 && drawn.length <= 12, String(drawn.length));
    for (const line of drawn) assert.ok(line.length <= "\r\x1b[2K".length + 49, line);
    assert.deepEqual(paced(true, false, 1, 100), []);
  });
});
