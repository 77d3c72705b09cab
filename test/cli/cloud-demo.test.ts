import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const file = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** No setting of whoever runs the tests comes along. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(?:CANDLELAKE|GOOGLE|NODE_TEST)_|_PROXY$|^DATA_BUCKET$/i.test(name),
  ),
);

test("npm run demo:cloud does the old pipeline's steps as README has them, and the second time nothing", async () => {
  const { scripts } = JSON.parse(readFileSync(file("package.json"), "utf8"));
  const words: string[] = scripts["demo:cloud"].split(" ");
  assert.deepEqual(words.slice(0, 2), ["node", "toolchain/node.js"]);
  const { stdout } = await run(process.execPath, words.slice(2).map(file), { env });

  const readme = readFileSync(file("README.md"), "utf8");
  const [, table = ""] = /^## From the hand-made pipeline\n([\s\S]*?)^## /m.exec(readme) ?? [];
  const commands = [...table.matchAll(/`(candlelake (?:ingest|setup|load) [^`]+)`/g)].map(([, code = ""]) => code);
  assert.equal(commands.length, 5);
  const [first = "", second = ""] = stdout.split("The same again.");
  for (const command of commands)
    for (const half of [first, second]) assert.ok(half.includes(`$ ${command}\n`), command);

  assert.match(first, /^load +spot_klines .* 1 done +24$/m);
  assert.match(first, /^load +futures_metrics .* 1 done +24$/m);
  assert.match(first, /^2025-01-01T00:00:00\.000Z +\d/m);
  assert.equal(second.match(/^Nothing to do: 0 rows, 0 bytes\.$/gm)?.length, 4);
  assert.match(second, /The second time: \d+ requests to Google, 0 writes\.\n$/);
});
