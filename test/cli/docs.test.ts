import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SPECS } from "../../src/cli/specs.ts";
import { resolveConfig } from "../../src/config.ts";
import { pages } from "../../toolchain/docs.ts";

for (const [file, text] of Object.entries(pages())) {
  test(`${file} says what the program says; if not, run npm run docs`, () => {
    assert.equal(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"), text);
  });
}

test("the help of config and the page name every variable that is read", () => {
  const read = new Set<string>();
  const environment = new Proxy({}, { get: (_, name) => void read.add(String(name)) });
  resolveConfig({ config: undefined }, environment);
  assert.ok(read.size >= 6);
  const about = SPECS.find((spec) => spec.name === "config")?.about ?? "";
  for (const name of read) {
    assert.ok(about.includes(name), `config --help lacks ${name}`);
    assert.ok(pages()["docs/cli.md"]?.includes(name), `docs/cli.md lacks ${name}`);
  }
});
