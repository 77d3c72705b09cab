import * as assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type GoogleTwin, startGoogleTwin } from "../../src/twin/google/start.ts";
import { Cli, nextsOf, type WorkAnswer } from "./process.ts";

const SERIES = "synthetic_btcusdt_spot_1h";
const COUNT = "SELECT count(*) AS n FROM spot_klines";

interface Gone {
  readonly gone?: readonly {
    readonly table: string;
    readonly month: string;
    readonly rows: number;
    readonly series: readonly { readonly series: string; readonly content: string; readonly rows: number }[];
    readonly next: string;
  }[];
}

describe("a month that the lake no longer has", () => {
  let google: GoogleTwin;
  before(async () => {
    google = await startGoogleTwin();
  });
  after(() => google.close());

  async function removeFrom(cli: Cli, bucket: string | undefined, month: string): Promise<void> {
    const [year, number] = month.split("-");
    const folder = `synthetic/spot_klines/interval=1h/yyyy=${year}/mm=${number}`;
    const manifest = `synthetic/_manifests/spot_klines/${SERIES}_${month}.json`;
    rmSync(cli.path(`data/${folder}`), { recursive: true });
    rmSync(cli.path(`data/${manifest}`));
    if (bucket === undefined) return;
    const objects = `${google.url}/storage/v1/b/${bucket}/o`;
    const { items } = (await (await fetch(`${objects}?prefix=${encodeURIComponent(folder)}`)).json()) as {
      items: { name: string }[];
    };
    for (const name of [manifest, ...items.map((item) => item.name)])
      await fetch(`${objects}/${encodeURIComponent(name)}`, { method: "DELETE" });
  }

  for (const [kind, bucket, settings] of [
    ["DuckDB", undefined, {}],
    ["BigQuery", "demo-bucket", { CANDLELAKE_WAREHOUSE: "bigquery:demo.gone_raw", DATA_BUCKET: "demo-bucket" }],
  ] as const) {
    test(`stays in ${kind} and is named, until it is pruned`, async () => {
      const { CANDLELAKE_STORAGE_ENDPOINT = "", CANDLELAKE_BIGQUERY_ENDPOINT = "" } = google.settings;
      using cli = Cli.made({ CANDLELAKE_STORAGE_ENDPOINT, CANDLELAKE_BIGQUERY_ENDPOINT, ...settings });
      (await cli.run("setup")).exits(0);
      const range = ["--from", "2024-12-31", "--to", "2025-01-02"];
      (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--interval", "1h", ...range)).exits(0);
      (await cli.run("load")).exits(0);
      const rows = async () => (await cli.json("query", COUNT)) as object;
      assert.deepEqual(await rows(), [{ n: 48 }]);
      assert.equal(((await cli.json("status")) as Gone).gone, undefined);
      await removeFrom(cli, bucket, "2024-12");

      const kept = (await cli.json("load")) as WorkAnswer & Gone;
      assert.deepEqual(kept.steps, []);
      const [{ table, month, series, next } = assert.fail(), ...others] = kept.gone ?? [];
      assert.deepEqual([table, month, others], ["spot_klines", "2024-12", []]);
      assert.deepEqual([series[0]?.series, series[0]?.rows], [SERIES, 24]);
      assert.match(series[0]?.content ?? "", /^[0-9a-f]{64}$/);
      assert.deepEqual(((await cli.json("status")) as Gone).gone, kept.gone);
      for (const command of ["load", "status"]) {
        const { stderr } = (await cli.run(command, "--quiet")).exits(0);
        assert.match(stderr, /spot_klines: the warehouse has .* 2024-12 \(24 rows: synthetic_btcusdt_spot_1h, content/);
        assert.deepEqual(nextsOf(stderr), [next]);
      }
      assert.deepEqual(await rows(), [{ n: 48 }]);
      assert.deepEqual(((await cli.json("load", "--prune", "--from", "2025-01")) as WorkAnswer).steps, []);
      const dry = (await cli.json("load", "--prune", "--dry-run")) as WorkAnswer;
      assert.deepEqual(
        dry.steps.map((step) => [step.month, step.status, step.reason, step.rows]),
        [["2024-12", "planned", "no longer in the lake", 0]],
      );
      assert.deepEqual(await rows(), [{ n: 48 }]);

      (await cli.follow(next)).exits(0);
      assert.deepEqual(await rows(), [{ n: 24 }]);
      const again = (await cli.json("load", "--prune")) as WorkAnswer & Gone;
      assert.deepEqual([again.steps, again.gone], [[], undefined]);
    });
  }

  test("cannot be told where the bucket that BigQuery was loaded from is not named", async () => {
    const { CANDLELAKE_BIGQUERY_ENDPOINT = "" } = google.settings;
    using cli = Cli.made({ CANDLELAKE_BIGQUERY_ENDPOINT, CANDLELAKE_WAREHOUSE: "bigquery:demo.gone_raw" });
    assert.equal(((await cli.json("load")) as Gone).gone, undefined);
    const { stderr } = (await cli.run("load", "--prune")).exits(2);
    assert.match(stderr, /was loaded from a bucket, and none is named/);
    assert.deepEqual(await cli.json("query", COUNT), [{ n: 24 }]);
  });
});
