import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { SPECS } from "../../src/cli/specs.ts";
import { Cli } from "./process.ts";

const has = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

async function script(cli: Cli, shell: string): Promise<string> {
  const { stdout, stderr } = (await cli.run("completion", shell)).exits(0);
  assert.equal(stderr, "");
  writeFileSync(cli.path(`completion.${shell}`), stdout);
  return cli.path(`completion.${shell}`);
}

describe("completion", () => {
  test("bash takes the script, and completes commands, words, options and their values", async (context) => {
    if (!has("bash")) return context.skip("no bash");
    using cli = Cli.closed();
    const file = await script(cli, "bash");
    const checked = spawnSync("bash", ["-n", file], { encoding: "utf8" });
    assert.deepEqual([checked.status, checked.stderr], [0, ""]);
    /** What the last word may become. */
    const complete = (...words: string[]): string[] => {
      const line = ["candlelake", ...words];
      const code = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _candlelake; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", code, "bash", file, ...line], {
        encoding: "utf8",
      });
      assert.deepEqual([status, stderr], [0, ""]);
      return stdout.split("\n").filter((word) => word !== "");
    };
    assert.deepEqual(complete(""), [...SPECS.map((spec) => spec.name), "--help", "--version"]);
    assert.deepEqual(complete("in"), ["init", "ingest"]);
    assert.deepEqual(complete("ingest", "f"), ["futures", "funding"]);
    assert.deepEqual(complete("ingest", "spot", "--fo"), ["--force", "--format"]);
    assert.deepEqual(complete("ingest", "spot", "--interval", "1"), ["1m", "15m", "1h", "12h", "1d", "1w", "1M"]);
    assert.deepEqual(complete("run", "--format", ""), ["text", "json", "csv", "ndjson"]);
    assert.deepEqual(complete("schema", "s"), ["spot_klines"]);
    assert.deepEqual(complete("schema", "--as", "d"), ["duckdb"]);
    assert.deepEqual(complete("completion", "z"), ["zsh"]);
    // Where any word or file may stand, bash's own completion takes over.
    assert.deepEqual(complete("ingest", "spot", "--symbol", ""), []);
    assert.deepEqual(complete("export", "spot_klines", "-o", ""), []);
    for (const { name, options } of SPECS) {
      for (const option of options)
        assert.deepEqual(complete(name, `--${option.name}`).slice(0, 1), [`--${option.name}`], name);
    }
  });

  for (const shell of ["zsh", "fish"]) {
    test(`${shell} takes the script`, async (context) => {
      using cli = Cli.closed();
      const file = await script(cli, shell);
      if (!has(shell)) return context.skip(`no ${shell}`);
      const { status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""]);
    });
  }

  test("every script names every command and option", async () => {
    using cli = Cli.closed();
    for (const shell of ["bash", "zsh", "fish"]) {
      const { stdout } = (await cli.run("completion", shell)).exits(0);
      for (const { name, options } of SPECS) {
        assert.ok(stdout.includes(name), `${shell}: ${name}`);
        for (const option of options)
          assert.match(stdout, new RegExp(`(?:--|-l )${option.name}\\b`), `${shell}: ${option.name}`);
      }
    }
  });
});
