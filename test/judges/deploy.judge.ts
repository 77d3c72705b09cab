// What deploy/ holds, as far as it can be tried without an account: the image's steps done by hand, Terraform's own
// formatter and its checks of variables, and readers of HCL and YAML.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { summaryLine } from "../../src/cli/log.ts";
import { commandOf } from "../cli/process.ts";
import { DEPLOY, DeployFiles, skip, type Tree } from "./deploy-files.ts";
import { buildByHand, type Image } from "./dockerfile.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const CONFIG = { series: [{ market: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-30" }] };

let work: string;
before(async () => {
  work = await mkdtemp(join(tmpdir(), "candlelake-deploy-"));
  // Others than its owner are to run what is built there.
  chmodSync(work, 0o755);
});
after(() => rm(work, { recursive: true, force: true }));

describe("the image, its steps done by hand", () => {
  /** `node` of the official image: its first ordinary user. */
  const NODE_USER = 1000;
  const isRoot = process.getuid?.() === 0;
  let image: Image;
  let home: string;
  let node: string;

  before(async () => {
    node = join(work, "node");
    mkdirSync(node);
    copyFileSync(process.execPath, join(node, "node"));
    const path = `${node}${delimiter}${process.env["PATH"]}`;
    image = await buildByHand(join(DEPLOY, "Dockerfile"), root, join(work, "stages"), path);
    home = join(image.root, image.workdir);
    if (isRoot) chownSync(home, NODE_USER, NODE_USER);
  });

  /** Starts a container, nearly: as its user, in its folder, with its environment and nothing else. */
  function container(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const [program, ...rest] = image.entrypoint.map((word) => (word.startsWith("/") ? join(image.root, word) : word));
    const user = isRoot ? { uid: NODE_USER, gid: NODE_USER } : {};
    const env = { ...image.environment, ...environment, HOME: home, PATH: node };
    const { status, stdout, stderr } = spawnSync(program ?? "", [...rest, ...args], {
      ...user,
      cwd: home,
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  test("it holds what was built and what that needs, and runs as nobody special", () => {
    assert.match(image.base, /^node:24-slim$/);
    assert.equal(image.user, "node");
    const app = join(image.root, "app");
    for (const name of ["bin/candlelake.js", "dist/cli/main.js", "node_modules/@duckdb"])
      assert.ok(existsSync(join(app, name)), name);
    for (const name of ["src", "test", "toolchain", "node_modules/typescript", "node_modules/@biomejs"])
      assert.ok(!existsSync(join(app, name)), name);
  });

  test("it says its version, and without a command its help", () => {
    assert.deepEqual(container(["--version"]), { status: 0, stdout: `${version}\n`, stderr: "" });
    assert.match(container(image.command).stdout, /^ {2}run +\S/m);
  });

  test("it does a job's work on Cloud Run's terms: a mounted config, a log for programs, a last line", () => {
    const config = join(image.root, "config");
    mkdirSync(config);
    writeFileSync(join(config, "candlelake.config.json"), JSON.stringify(CONFIG));
    const args = ["run", "--config", join(config, "candlelake.config.json"), "--max-runtime", "45m", "--synthetic"];
    const { status, stdout, stderr } = container(args, { CLOUD_RUN_JOB: "candlelake" });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "");
    const last = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "");
    assert.deepEqual([last.event, last.ok, last.failed, last.synthetic], ["summary", true, 0, true]);
    assert.ok(last.done > 0 && last.rowsLoaded > 0);
    const again = container(args, { CLOUD_RUN_JOB: "candlelake" });
    assert.equal(again.status, 0, again.stderr);
    const query = container([
      "query",
      "SELECT min(open_time) AS t FROM spot_klines",
      "--synthetic",
      "--format",
      "json",
    ]);
    assert.deepEqual(JSON.parse(query.stdout), [{ t: "2025-01-30T00:00:00.000Z" }]);
  });
});

describe("Terraform", () => {
  const hasTerraform = spawnSync("terraform", ["version"]).status === 0;
  const skip = hasTerraform ? false : "this machine has no terraform";
  const quiet = { ...process.env, TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1" };

  test("the files are as its formatter writes them", { skip }, async () => {
    await run("terraform", ["fmt", "-check", "-diff", "-recursive", join(DEPLOY, "terraform")], { env: quiet });
  });

  test("its variables take the example, and refuse what is known not to work", { skip }, async () => {
    // Variables alone need no provider, and a plan of them runs their checks.
    const folder = join(work, "variables");
    mkdirSync(folder);
    cpSync(join(DEPLOY, "terraform/variables.tf"), join(folder, "variables.tf"));
    cpSync(join(DEPLOY, "terraform/terraform.tfvars.example"), join(folder, "example.tfvars"));
    writeFileSync(join(folder, "candlelake.config.json"), JSON.stringify(CONFIG));
    writeFileSync(join(folder, "empty.json"), "{}");
    await run("terraform", ["init"], { cwd: folder, env: quiet });
    const plan = (values: Readonly<Record<string, string>>) => {
      const all = Object.entries({ config_file: "candlelake.config.json", ...values });
      const args = ["plan", "-input=false", "-no-color", "-var-file=example.tfvars"];
      const given = all.map(([name, value]) => `-var=${name}=${value}`);
      const { status, stdout, stderr } = spawnSync("terraform", [...args, ...given], {
        cwd: folder,
        env: quiet,
        encoding: "utf8",
      });
      return { status, said: `${stdout}${stderr}`.replaceAll(/\s+/g, " ") };
    };
    assert.equal(plan({}).status, 0, plan({}).said);
    assert.equal(plan({ job_region: "us-central1", asks_binance: "false" }).status, 0);
    const refused: readonly (readonly [string, string, RegExp])[] = [
      ["job_region", "us-central1", /known to refuse the United States/],
      ["job_region", "northamerica-northeast1", /known to refuse/],
      ["job_region", "europe-west4", /known to refuse/],
      ["job_region", "Belgium", /Write a region/],
      ["data_location", "US", /Write a region/],
      ["bucket", "gs://mine", /without gs:\/\//],
      ["dataset", "btc-raw", /letters, digits and underscores/],
      ["project", "P", /project's id/],
      ["image", "candlelake", /tag or digest/],
      ["config_file", "empty.json", /at least one series/],
      ["max_runtime_minutes", "0", /whole minutes/],
    ];
    for (const [name, value, why] of refused) {
      const { status, said } = plan({ [name]: value });
      assert.equal(status, 1, `${name}=${value}: ${said}`);
      assert.match(said, why);
    }
  });
});

describe("deploy/ as other readers see it", () => {
  let files: DeployFiles;
  before(async () => {
    if (!skip) files = await DeployFiles.read();
  });

  /** A reference as the reader spells it. */
  const ref = (name: string): string => `$\{${name}}`;
  const resources = (kind: string): Record<string, Tree> => files.resources(kind);

  test("every name that is used is there, and every variable is used", { skip }, () => {
    const text = JSON.stringify(files.terraform);
    const declared = files.blocks("variable").flatMap((variable) => Object.keys(variable));
    const used = new Set([...text.matchAll(/\bvar\.(\w+)/g)].map(([, name]) => name));
    assert.deepEqual([...used].sort(), declared.sort());
    for (const [, kind = "", name = ""] of text.matchAll(/\b(google_\w+)\.(\w+)\b/g))
      assert.ok(resources(kind)[name], `${kind}.${name}`);
  });

  test("the job may do its work and nothing else", { skip }, () => {
    const grants = ["storage_bucket", "bigquery_dataset", "project", "cloud_run_v2_job"].flatMap((kind) =>
      Object.values(resources(`google_${kind}_iam_member`)).map(({ role, member }) => [kind, role, member]),
    );
    const job = ref("google_service_account.job.member");
    assert.deepEqual(grants, [
      ["storage_bucket", "roles/storage.objectUser", job],
      ["storage_bucket", "roles/storage.legacyBucketReader", job],
      ["bigquery_dataset", "roles/bigquery.dataEditor", job],
      ["bigquery_dataset", "roles/bigquery.dataEditor", job],
      ["project", "roles/bigquery.jobUser", job],
      ["cloud_run_v2_job", "roles/run.invoker", ref("google_service_account.scheduler.member")],
    ]);
    assert.doesNotMatch(
      JSON.stringify(files.terraform),
      /google_service_account_key|allUsers|_iam_(?:policy|binding)"/,
    );
  });

  test("the job runs in its region, the data lie in theirs, and its command is one", { skip }, () => {
    const { run: job } = resources("google_cloud_run_v2_job");
    assert.equal(job.location, ref("var.job_region"));
    assert.equal(resources("google_storage_bucket")["lake"].location, ref("var.data_location"));
    for (const dataset of Object.values(resources("google_bigquery_dataset")))
      assert.equal(dataset.location, ref("var.data_location"));
    const [{ template }] = job.template;
    const [{ containers, volumes }] = template;
    const [{ args, volume_mounts: mounts }] = containers;
    const values = { data_location: "us-central1", max_runtime_minutes: "45" };
    const words: string[] = args.map((word: string) => files.filled(word, values));
    assert.deepEqual(commandOf(["candlelake", ...words].join(" ")), words);
    assert.equal(mounts[0].name, volumes[0].name);
    assert.equal(words[words.indexOf("--config") + 1], `${mounts[0].mount_path}/candlelake.config.json`);
    assert.equal(resources("google_storage_bucket_object")["config"].name, "candlelake.config.json");
  });

  test("the alert waits for the line that a run ends with", { skip }, () => {
    const { incomplete } = resources("google_monitoring_alert_policy");
    const filter: string = incomplete.conditions[0].condition_matched_log[0].filter;
    const asked = [...filter.matchAll(/jsonPayload\.(\w+)=(\\*"\w+\\*"|\w+)/g)].map(([, name = "", value = ""]) => [
      name,
      JSON.parse(value.replaceAll("\\", "")),
    ]);
    assert.deepEqual(asked, [
      ["event", "summary"],
      ["ok", false],
    ]);
    const line = JSON.parse(summaryLine("run", 1));
    for (const [name, value] of asked) assert.equal(line[name as string], value);
    assert.notEqual(JSON.parse(summaryLine("run", 0)).ok, false);
  });

  test("the workflow has no key, one run at a time, and a command that is one", { skip }, () => {
    const { workflow } = files;
    assert.deepEqual(workflow.permissions, { contents: "read", "id-token": "write" });
    assert.deepEqual(workflow.concurrency, { group: "candlelake", "cancel-in-progress": "false" });
    assert.match(workflow.on.schedule[0].cron, /^\d+ \* \* \* \*$/);
    // The action that signs in leaves a file of credentials in the checkout.
    assert.match(readFileSync(join(root, ".gitignore"), "utf8"), /^gha-creds-\*\.json$/m);
    const { steps } = workflow.jobs.run;
    assert.doesNotMatch(readFileSync(join(DEPLOY, "github-actions.yml"), "utf8"), /secrets\.|credentials_json/);
    const uses = steps.flatMap((step: Tree) => (step.uses ? [step.uses.replace(/@.*/, "")] : []));
    assert.deepEqual(uses, ["actions/checkout", "google-github-actions/auth", "actions/setup-node"]);
    const lines: string[] = steps.flatMap((step: Tree) => step.run ?? []);
    assert.equal(lines[0], "npm ci");
    const [, command = ""] = /^npx -- (candlelake .*)$/.exec(lines[1] ?? "") ?? [];
    const [name] = commandOf(command);
    assert.equal(name, "run");
    assert.ok(Number(workflow.jobs.run["timeout-minutes"]) > Number(/--max-runtime (\d+)m/.exec(command)?.[1]));
  });
});
