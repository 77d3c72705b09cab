import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { tree } from "../fakes/folder.ts";
import { Cli, type WorkAnswer } from "./process.ts";

const NOW = Date.parse("2025-02-10T12:34:56Z");

interface StatusAnswer {
  readonly command: string;
  readonly ok: boolean;
  readonly series: readonly Readonly<Record<string, unknown>>[];
  readonly error: unknown;
}

interface SetupAnswer {
  readonly created: readonly string[];
  readonly exists: readonly string[];
  readonly differs: readonly { readonly table: string; readonly difference: string; readonly next: string }[];
}

const SERIES = [
  { market: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-30" },
  { market: "futures", symbol: "BTCUSDT", interval: "1h", from: "2025-01-30" },
];

function configure(cli: Cli, series: readonly unknown[] = SERIES): void {
  writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ series }));
}

const loadsOf = ({ steps }: WorkAnswer) =>
  steps.filter(({ action }) => action === "load").map(({ table, month, rows, status }) => [table, month, rows, status]);

describe("run, plan, load, status and setup", () => {
  let twin: Twin;
  before(async () => {
    twin = await startTwin({ now: NOW });
  });
  after(() => twin.close());

  test("plan is run --dry-run: it tells every step with its reason and touches nothing", async () => {
    using cli = Cli.at(twin.settings);
    configure(cli);
    const before = tree(cli.folder.path);
    const plan = await cli.json("plan");
    const dry = await cli.json("run", "--dry-run");
    assert.deepEqual({ ...plan, command: "run" }, dry);
    assert.equal(plan.totals["planned"], 12 * 5 + 2 * 4);
    assert.ok(plan.steps.every(({ status, reason }) => status === "planned" && reason !== ""));
    assert.deepEqual(loadsOf(plan).slice(0, 2), [
      ["spot_klines", "2025-01", 0, "planned"],
      ["spot_klines", "2025-02", 0, "planned"],
    ]);
    const { stdout } = (await cli.run("plan")).exits(0);
    assert.match(
      stdout,
      /^fetch +spot_klines +synthetic BTCUSDT spot 1h +2025-01-30 … 2025-02-10 +12 planned +synthetic +12 missing$/m,
    );
    assert.match(stdout, /^68 steps planned, none taken\.$/m);
    assert.deepEqual(tree(cli.folder.path), before);
  });

  test("run brings lake and warehouse up to the last closed candle; again there is nothing to do", async () => {
    using cli = Cli.at(twin.settings);
    configure(cli);
    const first = await cli.json("run");
    assert.equal(first.ok, true);
    assert.deepEqual(loadsOf(first), [
      ["spot_klines", "2025-01", 48, "done"],
      ["spot_klines", "2025-02", 9 * 24 + 12, "done"],
      ["funding_rates", "2025-01", 6, "done"],
      ["funding_rates", "2025-02", 29, "done"],
      ["open_interest", "2025-01", 576, "done"],
      ["open_interest", "2025-02", 9 * 288 + 151, "done"],
      ["futures_metrics", "2025-01", 48, "done"],
      ["futures_metrics", "2025-02", 9 * 24 + 12, "done"],
    ]);
    const loads = first.steps.filter(({ action }) => action === "load");
    for (const step of loads)
      assert.deepEqual(Object.keys(step), ["action", "table", "month", "status", "reason", "rows"]);
    assert.equal(
      first.totals["rowsLoaded"],
      loads.reduce((sum, step) => sum + step.rows, 0),
    );
    assert.equal(first.totals["loadJobs"], 8);
    assert.deepEqual(await cli.json("query", "SELECT count(*) AS n, max(open_time) AS last FROM spot_klines"), [
      { n: 276, last: "2025-02-10T11:00:00.000Z" },
    ]);

    const before = tree(cli.folder.path);
    const second = await cli.json("run");
    assert.deepEqual([second.ok, second.steps], [true, []]);
    for (const [name, value] of Object.entries(second.totals)) assert.equal(value, 0, name);
    assert.match((await cli.run("run")).exits(0).stdout, /^Nothing to do: 0 rows, 0 bytes\.$/m);
    assert.deepEqual((await cli.json("plan")).steps, []);
    assert.deepEqual((await cli.json("load")).steps, []);
    assert.deepEqual(tree(cli.folder.path), before);
  });

  test("an hour later run reads the open day again and no other", async () => {
    const later = await startTwin({ now: NOW });
    try {
      using cli = Cli.at(later.settings);
      configure(cli, SERIES.slice(0, 1));
      (await cli.run("run")).exits(0);
      later.setNow(NOW + 3_600_000);
      const next = await cli.json("run");
      assert.deepEqual(
        next.steps.map(({ action, day, month, rows }) => [action, day ?? month, rows]),
        [
          ["fetch", "2025-02-10", 13],
          ["load", "2025-02", 9 * 24 + 13],
        ],
      );
    } finally {
      await later.close();
    }
  });

  test("one bad series of a run: exit 1, the good one is there, and so it is the second time", async () => {
    using cli = Cli.at(twin.settings);
    configure(cli, [SERIES[0], { ...SERIES[0], symbol: "NOSUCHCOIN" }]);
    for (let time = 0; time < 2; time++) {
      const ended = (await cli.run("run", "--format", "json")).exits(1);
      const answer = ended.json<WorkAnswer>();
      assert.equal(answer.ok, false);
      assert.ok(answer.steps.some(({ symbol, error }) => symbol === "NOSUCHCOIN" && error?.code === "unknown-symbol"));
      assert.match(ended.stderr, /^failed: 12 steps of spot_klines, 2025-01-30 … 2025-02-10: .*NOSUCHCOIN/m);
    }
    assert.deepEqual(await cli.json("query", "SELECT DISTINCT symbol FROM spot_klines"), [{ symbol: "BTCUSDT" }]);
    // A plan asks the venue the same, and foresees it.
    const plan = (await cli.run("plan", "--format", "json")).exits(1).json<WorkAnswer>();
    assert.equal(plan.totals["failed"], 12);
  });

  test("run without a config names the command that makes one", async () => {
    using cli = Cli.at(twin.settings);
    const { stderr } = (await cli.run("run")).exits(2);
    assert.match(stderr, /no candlelake\.config\.json here/);
    assert.match(stderr, /^ {2}next: candlelake init$/m);
    configure(cli, []);
    assert.match((await cli.run("plan")).exits(2).stderr, /candlelake\.config\.json names no series/);
  });

  test("load takes a topic, or a range that it widens to months and says so", async () => {
    using cli = Cli.at(twin.settings);
    const ingest = (topic: string) =>
      cli.run("ingest", topic, "--symbol", "BTCUSDT", "--from", "2025-01-30", "--to", "2025-02-03");
    (await ingest("spot")).exits(0);
    (await ingest("funding")).exits(0);
    assert.deepEqual(
      loadsOf(await cli.json("load", "funding")).map(([table]) => table),
      ["funding_rates", "funding_rates"],
    );
    const ended = (await cli.run("load", "--from", "2025-02-02", "--to", "2025-02-03", "--format", "json")).exits(0);
    assert.match(ended.stderr, /^Widened to whole months: 2025-02-01 to 2025-03-01\.$/m);
    assert.deepEqual(loadsOf(ended.json()), [["spot_klines", "2025-02", 48, "done"]]);
    const whole = (await cli.run("load", "spot", "--from", "2025-01", "--to", "2025-02", "--format", "json")).exits(0);
    assert.equal(whole.stderr, "");
    assert.deepEqual(loadsOf(whole.json()), [["spot_klines", "2025-01", 48, "done"]]);
    assert.deepEqual((await cli.json("load")).steps, []);
    assert.match((await cli.run("load")).exits(0).stdout, /Nothing to do: 0 rows, 0 bytes\./);
  });

  test("load --dry-run tells and does nothing; load of an empty lake says that it is empty", async () => {
    using cli = Cli.at(twin.settings);
    const empty = (await cli.run("load")).exits(0);
    assert.match(empty.stderr, /^The lake in data has nothing to load\.$/m);
    assert.deepEqual([...tree(cli.folder.path)], []);
    (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-02-01")).exits(0);
    const before = tree(cli.folder.path);
    assert.deepEqual(loadsOf(await cli.json("load", "--dry-run")), [["spot_klines", "2025-02", 24, "planned"]]);
    assert.deepEqual(tree(cli.folder.path), before);
  });

  test("a changed day loads its month again, and no other", async () => {
    const other = await startTwin({ now: NOW, seed: 7 });
    try {
      using cli = Cli.at(twin.settings);
      configure(cli, SERIES.slice(0, 1));
      (await cli.run("run")).exits(0);
      Object.assign(cli.env, other.settings);
      (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-31", "--force")).exits(0);
      const { steps } = await cli.json("load");
      assert.deepEqual(
        steps.map(({ month, reason, rows }) => [month, reason, rows]),
        [["2025-01", "content differs from the ledger", 48]],
      );
    } finally {
      await other.close();
    }
  });

  test("status tells of each series what is there, what is missing and what is loaded", async () => {
    using cli = Cli.at(twin.settings);
    const spot = ["ingest", "spot", "--symbol", "BTCUSDT"];
    (await cli.run(...spot, "--date", "2025-02-01")).exits(0);
    (await cli.run(...spot, "--date", "2025-02-03")).exits(0);
    (await cli.run("load")).exits(0);
    (await cli.run(...spot, "--date", "2025-02-04")).exits(0);
    const answer = await cli.json<StatusAnswer>("status");
    assert.deepEqual(Object.keys(answer), ["command", "ok", "series", "error"]);
    assert.equal(answer.ok, true);
    assert.equal(answer.series.length, 1);
    const { bytes, ...series } = answer.series[0] as Record<string, unknown>;
    assert.ok(Number(bytes) > 0);
    assert.deepEqual(series, {
      table: "spot_klines",
      venue: "synthetic",
      market: "spot",
      symbol: "BTCUSDT",
      interval: "1h",
      from: "2025-02-01T00:00:00.000Z",
      to: "2025-02-05T00:00:00.000Z",
      watermark: "2025-02-02T00:00:00.000Z",
      partitions: 3,
      rows: 72,
      gaps: [{ from: "2025-02-02T00:00:00.000Z", to: "2025-02-03T00:00:00.000Z", class: "not-fetched", bars: 24 }],
      uploaded: 0,
      loaded: 0,
      damaged: [],
    });
    assert.match(
      (await cli.run("status")).exits(0).stdout,
      /^spot_klines +synthetic BTCUSDT 1h +2025-02-01T00:00Z +2025-02-02T00:00Z +3 +72 +0 +not-fetched 24$/m,
    );
    (await cli.run("load")).exits(0);
    assert.equal((await cli.json<StatusAnswer>("status")).series[0]?.["loaded"], 3);
    const [header, line] = (await cli.run("status", "--format", "csv")).exits(0).stdout.split("\n");
    assert.match(header ?? "", /^table,venue,market,symbol,interval,from,to,watermark,partitions,rows,/);
    assert.match(line ?? "", /^spot_klines,synthetic,spot,BTCUSDT,1h,2025-02-01T00:00:00\.000Z,/);
    assert.equal(JSON.parse((await cli.run("status", "--format", "ndjson")).exits(0).stdout).rows, 72);
  });

  test("status of nothing names the way on", async () => {
    using cli = Cli.at(twin.settings);
    const empty = async (...words: string[]) => (await cli.run("status", ...words)).exits(0).stdout;
    assert.match(await empty(), /The lake in data is empty\. Next: candlelake init, then candlelake run$/m);
    const elsewhere = "--data 'my lake' --warehouse duckdb:w.duckdb";
    assert.ok(
      (await empty("--data", "my lake", "--warehouse", "duckdb:w.duckdb")).endsWith(
        `The lake in my lake is empty. Next: candlelake init ${elsewhere}, then candlelake run ${elsewhere}\n`,
      ),
    );
    assert.deepEqual(await cli.json<StatusAnswer>("status"), { command: "status", ok: true, series: [], error: null });
    assert.deepEqual([...tree(cli.folder.path)], []);
  });

  test("setup says created, then exists; --dry-run prints the DDL and makes no file", async () => {
    using cli = Cli.at(twin.settings);
    const ddl = (await cli.run("setup", "--dry-run")).exits(0).stdout;
    assert.match(ddl, /CREATE TABLE IF NOT EXISTS "btc_forecast_raw_synthetic"\."spot_klines"/);
    assert.deepEqual([...tree(cli.folder.path)], []);
    const first = await cli.json<SetupAnswer>("setup");
    assert.ok(first.created.length >= 5, String(first.created));
    assert.deepEqual([first.exists, first.differs], [[], []]);
    const second = await cli.json<SetupAnswer>("setup");
    assert.deepEqual([second.created, second.exists.toSorted()], [[], first.created.toSorted()]);
    assert.match((await cli.run("setup")).exits(0).stdout, /^exists +\S*spot_klines$/m);
    assert.match((await cli.run("setup", "--format", "csv")).exits(0).stdout, /^state,name,difference\nexists,/);
    assert.equal((await cli.json<{ ddl: string }>("setup", "--dry-run")).ddl, ddl);
    (await cli.run("run", "--config", "x.json")).exits(2);
  });
});

test("worlds never meet: made and real have files, schemas and ledgers of their own", async () => {
  using cli = Cli.at({});
  (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-01", "--synthetic")).exits(0);
  (await cli.run("load", "--synthetic")).exits(0);
  const real = await cli.json<StatusAnswer>("status");
  assert.deepEqual(real.series, []);
  (await cli.run("query", "SELECT 1")).exits(4);
  (await cli.run("query", "SELECT count(*) FROM spot_klines", "--synthetic")).exits(0);
  const files = [...tree(cli.path("data")).keys()];
  assert.ok(
    files.every((file) => file.startsWith("synthetic/") || file === "candlelake_synthetic.duckdb"),
    String(files),
  );
});
