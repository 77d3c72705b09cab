import * as assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HOUR } from "../../src/core/time.ts";
import { type GoogleTwin, startGoogleTwin } from "../../src/twin/google/start.ts";
import { Cli, nextsOf, type WorkAnswer } from "./process.ts";

interface Status {
  readonly series: readonly { readonly partitions: number; readonly loaded: number }[];
  readonly changed?: readonly { readonly table: string; readonly month: string; readonly next: string }[];
  readonly foreignTables?: readonly { readonly code: string; readonly next: string }[];
  readonly gone?: readonly { readonly month: string; readonly rows: number; readonly next: string }[];
}

const CHECK = "SELECT count(*) AS n, max(close) < 1 AS low FROM spot_klines";

describe("what somebody did by hand to BigQuery's tables", () => {
  let google: GoogleTwin;
  let later = 0;
  before(async () => {
    google = await startGoogleTwin({ now: () => Date.now() + later });
  });
  after(() => google.close());

  /** A statement past candlelake; in a project with billing. */
  async function ask(query: string): Promise<void> {
    const queries = `${google.url}/bigquery/v2/projects/demo/queries`;
    const answer = await fetch(queries, { method: "POST", body: JSON.stringify({ query, useLegacySql: false }) });
    assert.equal(answer.status, 200, await answer.text());
    later += HOUR;
  }

  test("a changed month is loaded again and a foreign one is named; nothing else is asked or done", async () => {
    using cli = Cli.made({ ...google.settings, DATA_BUCKET: "demo-bucket" });
    (await cli.run("setup")).exits(0);
    const range = ["--from", "2024-12-31", "--to", "2025-01-02"];
    const ingest = ["ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", ...range];
    (await cli.run(...ingest)).exits(0);
    (await cli.run("load")).exits(0);
    later += HOUR;
    const query = async () => (await cli.json("query", CHECK)) as object;
    const asked = async () => {
      const before = google.requests.length;
      assert.deepEqual(((await cli.json("load")) as WorkAnswer).steps, []);
      return google.requests.length - before;
    };
    const usual = await asked();
    assert.deepEqual(await query(), [{ n: 48, low: false }]);

    const table = "btc_forecast_raw_synthetic.spot_klines";
    await ask(`UPDATE ${table} SET close = 0.5 WHERE true`);
    const status = (await cli.json("status")) as Status;
    assert.deepEqual([status.series[0]?.partitions, status.series[0]?.loaded], [2, 0]);
    assert.deepEqual(
      status.changed?.map((one) => [one.table, one.month]),
      [
        ["spot_klines", "2024-12"],
        ["spot_klines", "2025-01"],
      ],
    );
    const { stderr } = (await cli.run("status")).exits(0);
    assert.match(stderr, /spot_klines: the warehouse has other rows than loads brought: 2024-12, 2025-01\./);
    const [next = ""] = nextsOf(stderr);
    const dry = (await cli.json("load", "--dry-run")) as WorkAnswer;
    const reason = "changed in the warehouse after its load";
    assert.deepEqual(
      dry.steps.map((step) => [step.month, step.status, step.reason]),
      [
        ["2024-12", "planned", reason],
        ["2025-01", "planned", reason],
      ],
    );
    assert.deepEqual(await query(), [{ n: 48, low: true }]);
    (await cli.follow(next)).exits(0);
    later += HOUR;
    assert.deepEqual(await query(), [{ n: 48, low: false }]);
    assert.equal(((await cli.json("status")) as Status).changed, undefined);
    assert.equal(await asked(), usual);

    const moved =
      "* REPLACE (TIMESTAMP_SUB(ts, INTERVAL 400 DAY) AS ts, TIMESTAMP_SUB(open_time, INTERVAL 400 DAY) AS open_time)";
    await ask(`INSERT INTO ${table} SELECT ${moved} FROM ${table} WHERE ts < '2025-01-01'`);
    for (const command of ["load", "status"]) {
      const ended = (await cli.run(command, "--quiet")).exits(0);
      assert.match(
        ended.stderr,
        /the warehouse has what the lake does not have: 2023-11 \(\d+ rows that no load brought\)/,
      );
      assert.deepEqual(nextsOf(ended.stderr), ["candlelake load --prune"]);
    }
    const [foreign] = ((await cli.json("status")) as Status).gone ?? [];
    assert.equal(foreign?.month, "2023-11");
    const [step, ...others] = ((await cli.json("load", "--prune", "--dry-run")) as WorkAnswer).steps;
    assert.deepEqual([step?.month, step?.reason, others], ["2023-11", "the ledger does not know what is there", []]);
    assert.deepEqual(((await cli.json("load", "--prune", "--from", "2024-01")) as WorkAnswer).steps, []);
    (await cli.follow("candlelake load --prune")).exits(0);
    assert.deepEqual(await query(), [{ n: 48, low: false }]);
    assert.equal(((await cli.json("status")) as Status).gone, undefined);
  });

  test("rows in a table that was never loaded are named, and go with --prune", async () => {
    const at = { CANDLELAKE_WAREHOUSE: "bigquery:demo.never_raw", DATA_BUCKET: "demo-bucket" };
    using cli = Cli.made({ ...google.settings, ...at });
    (await cli.run("setup")).exits(0);
    const table = "never_raw_synthetic.funding_rates";
    await ask(`INSERT INTO ${table} (funding_time, symbol) VALUES (TIMESTAMP '2023-11-05', 'BTCUSDT')`);
    for (const command of ["load", "status"]) {
      const { stderr } = (await cli.run(command, "--quiet")).exits(0);
      assert.match(stderr, /funding_rates: .* does not have: 2023-11 \(1 row that no load brought\)/);
      assert.deepEqual(nextsOf(stderr), ["candlelake load --prune"]);
    }
    assert.deepEqual(await cli.json("query", "SELECT count(*) AS n FROM funding_rates"), [{ n: 1 }]);
    (await cli.follow("candlelake load --prune")).exits(0);
    assert.deepEqual(await cli.json("query", "SELECT count(*) AS n FROM funding_rates"), [{ n: 0 }]);
    assert.equal((await cli.run("status", "--quiet")).exits(0).stderr, "");
  });

  test("a table that was made by hand is named by status, plan and load, and only copied aside when that is asked for", async () => {
    const at = { CANDLELAKE_WAREHOUSE: "bigquery:demo.hand_raw", DATA_BUCKET: "demo-bucket" };
    using cli = Cli.made({ ...google.settings, ...at });
    (await cli.run("setup")).exits(0);
    await ask("DROP TABLE hand_raw_synthetic.spot_klines");
    await ask("CREATE TABLE hand_raw_synthetic.spot_klines AS SELECT 'BTCUSDT' AS symbol, 1.5 AS close");
    const range = ["--from", "2024-12-31", "--to", "2025-01-01"];
    (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", ...range)).exits(0);
    const next = "candlelake setup --project demo --dataset hand_raw";
    const named = { code: "table-differs", next };
    const { foreignTables = [] } = (await cli.json("status")) as Status;
    assert.deepEqual(
      foreignTables.map(({ code, next: then }) => ({ code, next: then })),
      [named],
    );
    const { stderr } = (await cli.run("status")).exits(0);
    assert.match(stderr, /hand_raw_synthetic: spot_klines: it has no column/);
    for (const words of [["load", "--dry-run"], ["load"]]) {
      const { steps } = (await cli.run(...words, "--format", "json")).json<WorkAnswer>();
      assert.ok(steps.length > 0);
      for (const { error } of steps) assert.deepEqual([error?.code, error?.next], [named.code, next]);
    }
    (await cli.run("setup", "--move-existing")).exits(0);
    assert.equal(((await cli.json("status")) as Status).foreignTables, undefined);
    (await cli.run("load")).exits(0);
    const day = "SELECT count(*) AS n FROM spot_klines WHERE ts < TIMESTAMP '2025-01-01'";
    assert.deepEqual(await cli.json("query", day), [{ n: 24 }]);
  });
});
