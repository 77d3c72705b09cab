import * as assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { tree } from "../fakes/folder.ts";
import { Cli, commandOf, nextsOf, type StepAnswer, type WorkAnswer } from "./process.ts";

const NOW = Date.parse("2025-02-10T12:34:56Z");
const DAY = ["--symbol", "BTCUSDT", "--interval", "1h", "--date", "2025-01-01"];
const PATH = "spot_klines/interval=1h/yyyy=2025/mm=01/dd=01/synthetic_btcusdt_spot_1h_2025-01-01.parquet";

const days = (steps: readonly StepAnswer[]) => steps.map((step) => step.day);

describe("ingest", () => {
  let twin: Twin;
  before(async () => {
    twin = await startTwin({ now: NOW, history: "all" });
  });
  after(() => twin.close());

  test("of one day answers with the steps, sums and files of the contract", async () => {
    using cli = Cli.at(twin.settings);
    const before = twin.requests.length;
    const answer = await cli.json("ingest", "spot", ...DAY);
    const asked = twin.requests.length - before;
    const [step] = answer.steps;
    assert.ok(step);
    assert.deepEqual(Object.keys(answer), ["command", "ok", "steps", "totals", "estimate", "error"]);
    assert.deepEqual(
      { ...answer, steps: answer.steps.length, totals: null },
      {
        command: "ingest",
        ok: true,
        steps: 1,
        totals: null,
        estimate: { files: 0, bytes: 0, rows: 24, requests: 1, disk: 8792, fits: true },
        error: null,
      },
    );
    const file = tree(cli.path("data/synthetic")).get(PATH);
    assert.ok(file);
    assert.deepEqual(step, {
      action: "fetch",
      table: "spot_klines",
      venue: "synthetic",
      market: "spot",
      symbol: "BTCUSDT",
      interval: "1h",
      day: "2025-01-01",
      status: "done",
      reason: "missing",
      source: "synthetic",
      because: "REST alone is asked",
      rows: 24,
      bytes: file.length,
      path: PATH,
      sha256: step.sha256,
      gaps: [],
      revised: false,
      quarantined: 0,
    });
    assert.match(step.sha256 ?? "", /^[0-9a-f]{64}$/);
    assert.ok(asked > 1, "the venue's clock is a request too");
    assert.deepEqual(answer.totals, {
      planned: 1,
      done: 1,
      unchanged: 0,
      deferred: 0,
      failed: 0,
      rows: 24,
      bytesWritten: file.length,
      bytesUploaded: 0,
      requests: asked,
      retries: 0,
      loadJobs: 0,
      rowsLoaded: 0,
      bytesBilled: 0,
    });
  });

  test("a second time has nothing to do, and says so in rows and bytes", async () => {
    using cli = Cli.at(twin.settings);
    (await cli.run("ingest", "spot", ...DAY)).exits(0);
    const before = tree(cli.path("data"));
    const { stdout } = (await cli.run("ingest", "spot", ...DAY)).exits(0);
    assert.match(stdout, /Nothing to do: 0 rows, 0 bytes\./);
    const answer = await cli.json("ingest", "spot", ...DAY);
    assert.deepEqual(answer.steps, []);
    assert.equal(answer.ok, true);
    for (const [name, value] of Object.entries(answer.totals)) assert.equal(value, 0, name);
    assert.deepEqual(tree(cli.path("data")), before);
  });

  test("every spelling of the same day asks for the same", async () => {
    const spellings = [
      ["--symbol", "BTCUSDT", "--interval", "1h", "--date", "2025-01-01"],
      ["--pair", "BTCUSDT", "--date", "2025-01-01"],
      ["--symbol=btcusdt", "--interval=1h", "--date=2025-01-01", "--venue", "binance-us"],
      ["--date", "2025-01-01", "--symbol", "BTCUSDT", "--synthetic"],
      ["--date", "2025-01-01", "--symbol", "BTCUSDT", "--dummy", "--source", "rest"],
      ["--symbol", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-02"],
      ["--symbol", "BTCUSDT", "--from", "2025-01-01T00:00Z", "--to", "2025-01-02T00:00:00+00:00"],
    ];
    const trees = [];
    for (const words of spellings) {
      using cli = Cli.at(twin.settings);
      const answer = await cli.json("ingest", "spot", ...words);
      assert.deepEqual(days(answer.steps), ["2025-01-01"], words.join(" "));
      trees.push(tree(cli.path("data")));
    }
    for (const other of trees) assert.deepEqual(other, trees[0]);
  });

  test("--from and --to are half-open; a month is a month; --to left out is the last closed candle", async () => {
    using cli = Cli.at(twin.settings);
    const ingest = (...words: string[]) => cli.json("ingest", "spot", "--symbol", "BTCUSDT", "--dry-run", ...words);
    assert.deepEqual(days((await ingest("--from", "2025-01-01", "--to", "2025-01-03")).steps), [
      "2025-01-01",
      "2025-01-02",
    ]);
    assert.equal((await ingest("--date", "2025-01")).steps.length, 31);
    assert.equal((await ingest("--from", "2025-01", "--to", "2025-02")).steps.length, 31);
    const open = await ingest("--from", "2025-02-09");
    assert.deepEqual(days(open.steps), ["2025-02-09", "2025-02-10"]);
    const { steps } = await cli.json("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-02-10");
    assert.deepEqual(
      steps.map((step) => step.rows),
      [12],
    );
  });

  test("a range within days is widened to whole ones, and that is said", async () => {
    using cli = Cli.at(twin.settings);
    const words = ["ingest", "spot", "--symbol", "BTCUSDT", "--dry-run"];
    const widened = await cli.run(...words, "--from", "2025-01-01T06:00Z", "--to", "2025-01-02T06:00Z");
    assert.match(widened.exits(0).stderr, /^Widened to whole UTC days: 2025-01-01 to 2025-01-03\.$/m);
    const answer = await cli.json(...words, "--from", "2025-01-01T06:00Z", "--to", "2025-01-02T06:00Z");
    assert.deepEqual(days(answer.steps), ["2025-01-01", "2025-01-02"]);
    // An offset names the same instant in another clock: this one is a UTC midnight.
    const whole = await cli.run(...words, "--from", "2025-01-01T01:00+01:00", "--to", "2025-01-02");
    assert.doesNotMatch(whole.exits(0).stderr, /Widened/);
    assert.doesNotMatch((await cli.run(...words, "--date", "2025-01-01")).exits(0).stderr, /Widened/);
    assert.doesNotMatch((await cli.run(...words, "--from", "2025-02-09")).exits(0).stderr, /Widened/);
  });

  test("futures bring candles, funding and open interest, and derive their metrics", async () => {
    using cli = Cli.at(twin.settings);
    const answer = await cli.json("ingest", "futures", "--pair", "BTCUSDT", "--date", "2025-02-01");
    assert.equal(answer.ok, true);
    assert.deepEqual(
      answer.steps.map((step) => [step.action, step.table, step.rows]),
      [
        ["fetch", "futures_klines", 24],
        ["fetch", "funding_rates", 3],
        ["fetch", "open_interest", 288],
        ["derive", "futures_metrics", 24],
      ],
    );
    for (const topic of ["funding", "open-interest"]) {
      assert.deepEqual((await cli.json("ingest", topic, "--symbol", "BTCUSDT", "--date", "2025-02-01")).steps, []);
    }
  });

  test("what the venue no longer keeps is a gap, and the step is done", async () => {
    const venue = await startTwin({ now: NOW, archive: "none" });
    after(() => venue.close());
    using cli = Cli.at(venue.settings);
    const words = ["ingest", "open-interest", "--symbol", "BTCUSDT", "--date", "2025-01-01"];
    const ended = (await cli.run(...words)).exits(0);
    assert.match(
      ended.stdout,
      /^open_interest .*: 288 rows missing, 2025-01-01T00:00Z to 2025-01-02T00:00Z \(not-published: .*\)\.$/m,
    );
    const [step] = (await cli.json(...words, "--force")).steps;
    assert.deepEqual(step?.gaps, [
      { from: "2025-01-01T00:00:00.000Z", to: "2025-01-02T00:00:00.000Z", class: "not-published", bars: 288 },
    ]);
    const both = await cli.run("ingest", "futures", "--symbol", "BTCUSDT", "--date", "2025-01-02");
    assert.match(both.exits(0).stdout, /^futures_metrics has NULL open interest there\.$/m);
  });

  test("--force reads again: unchanged from the same venue, revised from one that corrected itself", async () => {
    using cli = Cli.at(twin.settings);
    const first = await cli.json("ingest", "spot", ...DAY);
    const before = tree(cli.path("data"));
    const same = await cli.json("ingest", "spot", ...DAY, "--force");
    assert.deepEqual(
      same.steps.map(({ status, reason, revised }) => [status, reason, revised]),
      [["unchanged", "forced", false]],
    );
    assert.equal(same.totals["unchanged"], 1);
    assert.equal(same.totals["bytesWritten"], 0);
    assert.deepEqual(tree(cli.path("data")), before);

    const other = await startTwin({ now: NOW, history: "all", seed: 7 });
    try {
      Object.assign(cli.env, other.settings);
      const revised = await cli.json("ingest", "spot", ...DAY, "--force");
      assert.deepEqual(
        revised.steps.map(({ status, revised: is }) => [status, is]),
        [["done", true]],
      );
      assert.notEqual(revised.steps[0]?.sha256, first.steps[0]?.sha256);
      Object.assign(cli.env, twin.settings);
      const { stdout } = (await cli.run("ingest", "spot", ...DAY, "--force")).exits(0);
      assert.match(stdout, /^fetch .* 1 revised +synthetic +24 /m);
    } finally {
      await other.close();
    }
  });

  test("--dry-run tells the steps and writes nothing", async () => {
    using cli = Cli.at(twin.settings);
    const answer = await cli.json("ingest", "futures", ...DAY, "--dry-run");
    assert.deepEqual(
      answer.steps.map(({ status, reason }) => [status, reason]),
      [
        ["planned", "missing"],
        ["planned", "missing"],
        ["planned", "missing"],
        ["planned", "an input is fetched"],
      ],
    );
    assert.equal(answer.totals["planned"], 4);
    assert.equal(answer.totals["done"], 0);
    assert.deepEqual([...tree(cli.folder.path)], []);
    (await cli.run("ingest", "spot", ...DAY)).exits(0);
    const before = tree(cli.folder.path);
    (await cli.run("ingest", "spot", ...DAY, "--force", "--dry-run")).exits(0);
    assert.deepEqual(tree(cli.folder.path), before);
  });

  test("csv and ndjson have a line a step; text a line a series", async () => {
    using cli = Cli.at(twin.settings);
    const words = ["ingest", "futures", "--symbol", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-03"];
    const csv = (await cli.run(...words, "--format", "csv")).exits(0).stdout.trimEnd().split("\n");
    assert.equal(csv.length, 1 + 8);
    assert.match(csv[0] ?? "", /^action,table,venue,market,symbol,interval,day,month,status,/);
    assert.match(csv[1] ?? "", /^fetch,futures_klines,synthetic,um,BTCUSDT,1h,2025-01-01,,done,missing,/);
    const again = [...words, "--force"];
    const lines = (await cli.run(...again, "--format", "ndjson")).exits(0).stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).status),
      Array.from({ length: 8 }, () => "unchanged"),
    );
    const text = (await cli.run(...again)).exits(0).stdout.split("\n");
    assert.equal(text[0], "SYNTHETIC: made data, no market.");
    assert.equal(
      text.filter((line) =>
        /^(?:fetch|derive) .* 2025-01-01 … 2025-01-02 +2 unchanged +(?:synthetic +)?0 +0 B$/.test(line),
      ).length,
      4,
    );
    const empty = (await cli.run(...words, "--format", "csv")).exits(0).stdout;
    assert.equal(empty, `${csv[0]}\n`);
    assert.equal((await cli.run(...words, "--format", "ndjson")).exits(0).stdout, "");
  });

  test("--verbose has a line a step, --quiet says nothing but the answer", async () => {
    using cli = Cli.at(twin.settings);
    const words = ["ingest", "spot", "--symbol", "BTCUSDT", "--from", "2025-01-01T06:00Z", "--to", "2025-01-02"];
    const loud = (await cli.run(...words, "--verbose", "--dry-run")).exits(0);
    assert.match(loud.stdout, new RegExp(`^planned {2}fetch {2}${PATH} {2}0 rows {2}\\(missing\\)$`, "m"));
    assert.match(loud.stderr, /Widened/);
    assert.equal((await cli.run(...words, "--quiet")).exits(0).stderr, "");
  });

  test("what another topic's option would mean is said, not silently passed over", async () => {
    using cli = Cli.at(twin.settings);
    const range = ["--symbol", "BTCUSDT", "--date", "2025-01-01", "--dry-run"];
    const say = async (...words: string[]) => (await cli.run("ingest", ...words, ...range)).exits(0).stderr;
    assert.match(await say("open-interest", "--interval", "15m"), /^--interval means nothing for open-interest/);
    assert.match(await say("spot", "--period", "15m"), /^--period means nothing for spot/);
    assert.doesNotMatch(await say("futures", "--interval", "15m", "--period", "15m"), /means nothing/);
  });

  test("a day in which the interval opens no candle, and days before the first one, are nothing to do", async () => {
    using cli = Cli.at(twin.settings);
    const week = await cli.json("ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1w", "--date", "2025-01-01");
    assert.deepEqual([week.ok, week.steps], [true, []]);
    const early = await cli.json(
      "ingest",
      "spot",
      "--symbol",
      "BTCUSDT",
      "--interval",
      "1d",
      "--from",
      "2009-06",
      "--to",
      "2025-01-02",
      "--dry-run",
    );
    assert.equal(early.ok, true);
    assert.ok((early.steps[0]?.day ?? "") > "2010");
  });

  test("the lake is the same wherever it lies", async () => {
    using cli = Cli.at(twin.settings);
    (await cli.run("ingest", "spot", ...DAY, "--data", "one")).exits(0);
    (await cli.run("ingest", "spot", ...DAY, `--data=${cli.path("two words")}`)).exits(0);
    cli.env["CANDLELAKE_DATA"] = "three";
    (await cli.run("ingest", "spot", ...DAY)).exits(0);
    assert.deepEqual(tree(cli.path("two words")), tree(cli.path("one")));
    assert.deepEqual(tree(cli.path("three")), tree(cli.path("one")));
    rmSync(cli.path("one"), { recursive: true });
    (await cli.run("status", "--data", "one")).exits(0);
    assert.ok(!tree(cli.folder.path).has("one"));
  });
});

describe("ingest where something is refused", () => {
  test("an unknown symbol fails its steps: exit 4 where nothing else was asked, twice the same", async () => {
    const twin = await startTwin({ now: NOW });
    try {
      using cli = Cli.at(twin.settings);
      for (let time = 0; time < 2; time++) {
        const ended = (
          await cli.run("ingest", "spot", "--symbol", "NOSUCHCOIN", "--date", "2025-01-01", "--format", "json")
        ).exits(4);
        const answer = ended.json<{ ok: boolean; steps: StepAnswer[]; error: { code: string } }>();
        assert.equal(answer.ok, false);
        assert.deepEqual(
          answer.steps.map(({ status, error }) => [status, error?.code]),
          [["failed", "unknown-symbol"]],
        );
        assert.deepEqual(Object.keys(answer.steps[0]?.error ?? {}), ["code", "message", "next"]);
        assert.equal(answer.error.code, "unknown-symbol");
        assert.match(ended.stderr, /NOSUCHCOIN/);
        assert.match(ended.stderr, /^ {2}next: candlelake /m);
      }
      assert.deepEqual([...tree(cli.folder.path)], []);
    } finally {
      await twin.close();
    }
  });

  test("a geo-block defers: exit 1, the cause and no other venue in its place", async () => {
    const twin = await startTwin({ now: NOW, faults: "451" });
    try {
      using cli = Cli.at(twin.settings);
      const ended = (await cli.run("ingest", "spot", ...DAY, "--format", "json")).exits(1);
      const answer = ended.json<{ ok: boolean; steps: StepAnswer[]; totals: Record<string, number> }>();
      assert.deepEqual(
        answer.steps.map(({ status, error }) => [status, error?.code]),
        [["deferred", "geo-blocked"]],
      );
      assert.equal(answer.totals["deferred"], 1);
      assert.equal(answer.totals["failed"], 0);
      assert.match(ended.stderr, /^deferred: .*refuses this location \(451/m);
      assert.deepEqual([...tree(cli.folder.path)], []);
      assert.deepEqual([...new Set(twin.requests.map(({ host }) => host))], ["binance-us"]);
    } finally {
      await twin.close();
    }
  });

  test("a geo-blocked tail is deferred beside what is there, and the next run brings it", async () => {
    const blocked = await startTwin({ now: NOW, faults: "451" });
    const free = await startTwin({ now: NOW });
    try {
      using cli = Cli.at(free.settings);
      using whole = Cli.at(free.settings);
      const words = ["ingest", "spot", "--symbol", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-04"];
      (await cli.run("ingest", "spot", ...DAY)).exits(0);
      const before = tree(cli.path("data"));
      Object.assign(cli.env, blocked.settings);
      const ended = (await cli.run(...words, "--format", "json")).exits(1);
      const outcomes = ended.json<{ steps: StepAnswer[] }>().steps.map(({ day, status }) => [day, status]);
      assert.deepEqual(outcomes.slice(-2), [
        ["2025-01-02", "deferred"],
        ["2025-01-03", "deferred"],
      ]);
      assert.deepEqual(tree(cli.path("data")), before);
      Object.assign(cli.env, free.settings);
      const rest = await cli.json(...words);
      assert.deepEqual([rest.ok, days(rest.steps)], [true, ["2025-01-02", "2025-01-03"]]);
      (await whole.run(...words)).exits(0);
      assert.deepEqual(tree(cli.path("data")), tree(whole.path("data")));
    } finally {
      await blocked.close();
      await free.close();
    }
  });

  test("what was there already counts: the rest fails with 1", async () => {
    const twin = await startTwin({ now: NOW });
    try {
      using cli = Cli.at(twin.settings);
      (await cli.run("ingest", "spot", ...DAY)).exits(0);
      using closed = Cli.closed();
      Object.assign(cli.env, { ...closed.env, CANDLELAKE_SYNTHETIC: "1" });
      const range = ["--from", "2025-01-01", "--to", "2025-01-04"];
      const { stderr } = (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", ...range)).exits(1);
      assert.match(stderr, /^failed: 2 steps of spot_klines, 2025-01-02 … 2025-01-03: /m);
      (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-03")).exits(4);
    } finally {
      await twin.close();
    }
  });

  test("no venue: the cause, the host, exit 4, and nothing is left behind", async () => {
    using cli = Cli.closed();
    const { stderr } = (await cli.run("ingest", "spot", ...DAY)).exits(4);
    assert.match(
      stderr,
      /^failed: spot_klines\/.*2025-01-01\.parquet: 127\.0\.0\.1.* cannot be reached \(ECONNREFUSED/m,
    );
    const many = (
      await cli.run("ingest", "futures", "--symbol", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-04")
    ).exits(4);
    assert.equal(many.stderr.match(/^failed/gm)?.length, 1, many.stderr);
    assert.match(
      many.stderr,
      /^failed, deferred: 12 steps of futures_klines, funding_rates, open_interest, futures_metrics, 2025-01-01 … 2025-01-03: /m,
    );
    assert.deepEqual([...tree(cli.folder.path)], []);
  });
});

describe("what a command asked of a venue", () => {
  const WORDS = ["ingest", "spot", "--symbol", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-02-01"];

  test("is counted from its start, tries that failed included, and by a dry run too", async () => {
    const twin = await startTwin({ now: NOW, faults: "500@1, 500@/klines@2" });
    try {
      using cli = Cli.at(twin.settings);
      for (const words of [[...WORDS, "--dry-run"], WORDS]) {
        const before = twin.requests.length;
        const { totals } = await cli.json(...words);
        assert.equal(totals["requests"], twin.requests.length - before, words.join(" "));
        assert.equal(totals["retries"], 1, words.join(" "));
      }
    } finally {
      await twin.close();
    }
  });

  for (const [fault, code] of [
    ["429:3600", "rate-limited"],
    ["418:3600", "banned"],
    ["403", "forbidden"],
  ] as const) {
    test(`${fault}: what is refused for a time goes on by the same words`, async () => {
      const twin = await startTwin({ now: NOW, faults: `${fault}@/klines` });
      try {
        using cli = Cli.at(twin.settings);
        const words = [...WORDS, "--format", "json", "--data", "my lake"];
        const ended = await cli.run(...words);
        const { steps, error } = ended.json<WorkAnswer>();
        assert.equal(error?.code, code);
        assert.ok(steps.length > 0);
        for (const step of steps) assert.equal(step.status, "deferred");
        const nexts = nextsOf(ended.stderr + ended.stdout);
        assert.equal(nexts.length, steps.length + 2);
        for (const next of nexts) assert.deepEqual(commandOf(next), words);
      } finally {
        await twin.close();
      }
    });
  }
});

describe("ingest from the generator", () => {
  test("CANDLELAKE_SYNTHETIC=1 and --synthetic are the same world, which asks nobody", async () => {
    using flag = Cli.at({});
    using variable = Cli.made();
    (await flag.run("ingest", "spot", ...DAY, "--synthetic")).exits(0);
    const answer = await variable.json("ingest", "spot", ...DAY);
    assert.equal(answer.totals["requests"], 0);
    const parquet = (cli: Cli) => [...tree(cli.path("data"))].filter(([name]) => name.endsWith(".parquet"));
    assert.deepEqual(parquet(flag), parquet(variable));
    assert.deepEqual(
      parquet(flag).map(([name]) => name),
      [`synthetic/${PATH}`],
    );
  });

  test("a changed endpoint is where made data come from: silent, it fails", async () => {
    using cli = Cli.closed({ CANDLELAKE_SYNTHETIC: "1" });
    (await cli.run("ingest", "spot", ...DAY)).exits(4);
  });
});
