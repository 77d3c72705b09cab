// What deploy/terraform leaves behind, made in the stand-in: its datasets, and a caller who may do what its roles allow and
// nothing else. The commands that it names, and its job's own, have to work there.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DAY, HOUR } from "../../src/core/time.ts";
import type { Rights } from "../../src/twin/google/call.ts";
import { type GoogleTwin, startGoogleTwin } from "../../src/twin/google/start.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { Cli, nextsOf } from "../cli/process.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { DeployFiles, skip, type Tree } from "./deploy-files.ts";

const EDITOR = ["create", "delete", "get", "getData", "list", "update", "updateData"];

/**
 * What the roles hold of all that the stand-in asks for. Data editors may make datasets too, where they are that of a
 * project. https://cloud.google.com/iam/docs/roles-permissions
 */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  "roles/storage.objectUser": ["create", "delete", "get", "list", "update"].map((verb) => `storage.objects.${verb}`),
  "roles/storage.legacyBucketReader": ["storage.buckets.get", "storage.objects.list"],
  "roles/bigquery.dataEditor": ["bigquery.datasets.get", ...EDITOR.map((verb) => `bigquery.tables.${verb}`)],
  "roles/bigquery.jobUser": ["bigquery.jobs.create"],
};

const VALUES = {
  ...{ project: "demo", bucket: "demo-bucket", dataset: "btc_forecast_raw", data_location: "us-central1" },
  ...{ job_region: "europe-west1", max_runtime_minutes: "45" },
};
const START = Date.UTC(2025, 0, 1);

/** Two days of hours of both markets, with funding, as recorded ones lie in a folder. */
function record(folder: string): void {
  const put = (path: string, lines: readonly string[]): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), lines.map((line) => `${line}\n`).join(""));
  };
  const hours = Array.from({ length: 48 }, (_, i) => START + i * HOUR);
  const candles = hours.map((open) => [open, 1, 2, 1, 2, 10, open + HOUR - 1, 15, 7, 4, 6, 0].join(","));
  for (const market of ["spot", "um"]) put(`csv/${market}/BTCUSDT-1h.csv`, candles);
  const events = [0, 8, 16, 24, 32, 40].map((hour) => `${START + hour * HOUR},8,0.0001`);
  put("csv/um/BTCUSDT-funding.csv", ["fundingTime,fundingIntervalHours,fundingRate", ...events]);
}

describe("the job's rights", { skip }, () => {
  let files: DeployFiles;
  let google: GoogleTwin;
  let venues: Twin;
  let cli: Cli;
  const recorded = new TemporaryFolder();
  const filled = (text: string): string => files.filled(text, VALUES);

  /** The service account's, by the grants of a kind of resource; on all of a project, or on one bucket or dataset. */
  function rights(): Rights {
    const grants = [
      ["google_storage_bucket_iam_member", "bucket"],
      ["google_bigquery_dataset_iam_member", "dataset_id"],
      ["google_project_iam_member", undefined],
    ].flatMap(([kind = "", on]) =>
      Object.values(files.resources(kind)).map((grant) => ({
        permissions: ROLES[grant.role] ?? assert.fail(`${grant.role}: what does it hold?`),
        on: on && filled(grant[on]),
      })),
    );
    return (permission, on) =>
      grants.some((grant) => grant.permissions.includes(permission) && (grant.on === undefined || grant.on === on));
  }

  before(async () => {
    files = await DeployFiles.read();
    record(recorded.path);
    venues = await startTwin({ replay: recorded.path, now: START + DAY + 3 * HOUR + 1, archive: "none" });
    google = await startGoogleTwin();
    for (const { dataset_id: id, location, labels } of Object.values(files.resources("google_bigquery_dataset"))) {
      const answer = await fetch(`${google.url}/bigquery/v2/projects/demo/datasets`, {
        method: "POST",
        body: JSON.stringify({ datasetReference: { datasetId: filled(id) }, location: filled(location), labels }),
      });
      assert.equal(answer.status, 200, await answer.text());
    }
    google.setRights(rights());
    const { CANDLELAKE_STORAGE_ENDPOINT = "", CANDLELAKE_BIGQUERY_ENDPOINT = "" } = google.settings;
    const [{ env }] = container();
    const own = env.map(({ name, value }: Tree) => [name, filled(value)]);
    cli = Cli.at({ ...venues.settings, CANDLELAKE_STORAGE_ENDPOINT, CANDLELAKE_BIGQUERY_ENDPOINT });
    Object.assign(cli.env, Object.fromEntries(own));
    const series = { venue: "binance", symbol: "BTCUSDT", interval: "1h", from: "2025-01-01" };
    writeFileSync(
      cli.path("candlelake.config.json"),
      JSON.stringify({ series: ["spot", "futures"].map((market) => ({ market, ...series })) }),
    );
  });
  after(async () => {
    cli?.[Symbol.dispose]();
    recorded[Symbol.dispose]();
    await venues?.close();
    await google?.close();
  });

  const container = (): Tree => files.resources("google_cloud_run_v2_job")["run"].template[0].template[0].containers;

  /** The words that a command of `gcloud run jobs execute` gives the job; its own where it gives none. */
  const jobWords = (command: string): string[] => {
    const [, given] = / --args=(\S+)/.exec(command) ?? [];
    const words: string[] = given?.split(",") ?? container()[0].args;
    return words
      .map((word) => (word === "/config/candlelake.config.json" ? "candlelake.config.json" : word))
      .map(filled);
  };

  /** Every machine of the job's is a new one. */
  let machines = 0;
  const execute = async (output: string) => {
    const data = ["--data", cli.path(`machine-${++machines}`)];
    return cli.run(...jobWords(files.output(output).value), ...data, "--format", "json");
  };

  test("suffice for its setup, which makes every table in the datasets that are there", async () => {
    const first = (await execute("setup")).exits(0).json<{ created: string[]; exists: string[] }>();
    assert.deepEqual(first.exists, ["btc_forecast_raw", "btc_forecast_curated"]);
    assert.equal(first.created.length, 5);
    const again = (await execute("setup")).exits(0).json<{ created: string[]; exists: string[] }>();
    assert.deepEqual([again.created, again.exists.length], [[], 7]);
  });

  test("suffice for its runs: from nothing, an hour later, and with nothing to do", async () => {
    const first = (await execute("first_run")).exits(0).json<{ totals: Record<string, number> }>();
    assert.ok((first.totals["rowsLoaded"] ?? 0) >= 2 * 27, JSON.stringify(first.totals));
    venues.setNow(START + DAY + 4 * HOUR + 1);
    const later = (await execute("first_run")).exits(0).json<{ totals: Record<string, number> }>();
    assert.ok((later.totals["loadJobs"] ?? 0) >= 2, JSON.stringify(later.totals));
    const idle = (await execute("first_run")).exits(0).json<{ steps: unknown[] }>();
    assert.deepEqual(idle.steps, []);
    (await cli.run("status", "--location", "us-central1")).exits(0);
  });

  test("do not suffice for another dataset, nor for another bucket", async () => {
    const other = await cli.run("setup", "--project", "demo", "--dataset", "other_raw");
    assert.deepEqual(nextsOf(other.exits(4).stderr).length, 1);
    const elsewhere = await cli.run("status", "--bucket", "gs://other-bucket");
    assert.match(elsewhere.exits(4).stderr, /lacks storage\.objects\.list/);
  });
});
