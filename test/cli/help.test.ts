import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { GLOBAL_OPTIONS } from "../../src/cli/option-specs.ts";
import { SPECS } from "../../src/cli/specs.ts";
import { INTERVALS, PERIODS } from "../../src/core/interval.ts";
import { TABLES } from "../../src/market/tables.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { Cli, commandOf } from "./process.ts";

const VERSION = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

test("--version prints the version alone, wherever it stands", async () => {
  using cli = Cli.closed();
  for (const args of [["--version"], ["run", "--version"], ["--version", "--quiet"]]) {
    const { stdout, stderr } = (await cli.run(...args)).exits(0);
    assert.equal(stdout, `${VERSION}\n`);
    assert.equal(stderr, "");
  }
});

test("--help names every command and every common option, and so does no word at all", async () => {
  using cli = Cli.closed();
  const { stdout, stderr } = (await cli.run("--help")).exits(0);
  assert.equal(stderr, "");
  for (const { name, summary } of SPECS)
    assert.match(stdout, new RegExp(`^  ${name} +${summary.replace(/[().]/g, ".")}$`, "m"));
  for (const { name } of GLOBAL_OPTIONS) assert.match(stdout, new RegExp(`--${name}\\b`));
  for (const args of [[], ["-h"], ["help"]]) assert.equal((await cli.run(...args)).exits(0).stdout, stdout);
});

for (const spec of SPECS) {
  test(`${spec.name} --help tells its arguments, options and examples`, async () => {
    using cli = Cli.closed();
    const { stdout, stderr } = (await cli.run(spec.name, "--help")).exits(0);
    assert.equal(stderr, "");
    assert.ok(stdout.includes(`Usage: candlelake ${`${spec.name} ${spec.args}`.trim()} [options]`), stdout);
    for (const { name, doc } of spec.options) {
      assert.ok(stdout.includes(`--${name}`), name);
      assert.ok(stdout.includes(doc), doc);
    }
    assert.ok(spec.examples.length > 0);
    for (const example of spec.examples) assert.ok(stdout.includes(`  ${example}\n`), example);
    assert.equal((await cli.run("help", spec.name)).exits(0).stdout, stdout);
    assert.equal((await cli.run(spec.name, "-q", "-h")).exits(0).stdout, stdout);
  });

  test(`the examples of ${spec.name} parse`, () => {
    for (const example of spec.examples) commandOf(example.replace(/ > .*/, ""));
  });
}

test("the examples run on made data, in the order in which one comes to them", async () => {
  const google = await startGoogleTwin();
  await fetch(`${google.url}/storage/v1/b?project=my-project`, {
    method: "POST",
    body: JSON.stringify({ name: "my-data", location: "us-central1" }),
  });
  const { CANDLELAKE_STORAGE_ENDPOINT = "", CANDLELAKE_BIGQUERY_ENDPOINT = "" } = google.settings;
  using cli = Cli.made({ CANDLELAKE_STORAGE_ENDPOINT, CANDLELAKE_BIGQUERY_ENDPOINT });
  const ran = new Set<string>();
  for (const name of [
    "init",
    "config",
    "setup",
    "plan",
    "run",
    "ingest",
    "upload",
    "load",
    "status",
    "query",
    "export",
    "clean",
    "schema",
    "completion",
    "demo",
  ]) {
    for (const example of SPECS.find((spec) => spec.name === name)?.examples ?? []) {
      // Years of minutes take longer than an example has to be tried for.
      const short = example
        .replace(/ > .*/, "")
        .replace("--interval 1m --from 2025-01 ", "--interval 1m --date 2025-01-01 ");
      (await cli.follow(short)).exits(0);
    }
    ran.add(name);
  }
  await google.close();
  // `twin` serves until it is stopped: twin.test.ts.
  assert.deepEqual(
    SPECS.map((spec) => spec.name).filter((name) => !ran.has(name)),
    ["twin"],
  );
});

test("the words that help names are those that the program knows", () => {
  const option = (command: string, name: string) =>
    SPECS.find((spec) => spec.name === command)?.options.find((one) => one.name === name);
  assert.deepEqual(option("ingest", "interval")?.suggestions, INTERVALS);
  assert.deepEqual(option("ingest", "period")?.suggestions, PERIODS);
  assert.deepEqual(SPECS.find((spec) => spec.name === "ingest")?.argChoices, [
    "spot",
    "futures",
    "funding",
    "open-interest",
  ]);
  assert.deepEqual(
    SPECS.find((spec) => spec.name === "export")?.argSuggestions,
    TABLES.map((table) => table.name),
  );
});
