import * as assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SPECS } from "../../src/cli/specs.ts";
import { commandOf, nextsOf, shellWords } from "./process.ts";

const SOURCES = fileURLToPath(new URL("../../src", import.meta.url));

/** Texts of the sources that begin like a command; those of another meaning begin with another word. */
function commandsInSources(): { file: string; text: string }[] {
  const found: { file: string; text: string }[] = [];
  for (const file of readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  )) {
    const text = readFileSync(`${SOURCES}/${file}`, "utf8");
    for (const [, plain, template] of text.matchAll(
      /"(candlelake (?:[^"\\\n]|\\.)*)"|`(candlelake (?:[^`\\]|\\.)*)`/g,
    )) {
      found.push({ file, text: plain === undefined ? (template as string) : JSON.parse(`"${plain}"`) });
    }
  }
  return found;
}

/** What begins with the program's name and is no command. */
const NO_COMMAND = /^candlelake (?:configuration|rows 1|version \$|\$\{)/;

test("every command that the sources name parses", () => {
  const commands = commandsInSources().filter(({ text }) => !NO_COMMAND.test(text));
  assert.ok(commands.length > 40, String(commands.length));
  const names = new Set([...SPECS.map((spec) => spec.name), "--help", "--version"]);
  for (const { file, text } of commands) {
    if (text.includes("${")) assert.ok(names.has(text.split(" ")[1] as string), `${file}: ${text}`);
    else assert.doesNotThrow(() => commandOf(text.replace(/ > .*/, "")), `${file}: ${text}`);
  }
});

test("the tests read commands as a shell does", () => {
  assert.deepEqual(shellWords(`candlelake query "SELECT 'a'" --data 'my '\\''lake' --x=\\"1 ''`), [
    "candlelake",
    "query",
    "SELECT 'a'",
    "--data",
    "my 'lake",
    '--x="1',
    "",
  ]);
  assert.throws(() => commandOf("candlelake audit"));
  assert.throws(() => commandOf("candlelake status --speed"));
  assert.throws(() => commandOf("npm install"));
  assert.deepEqual(nextsOf('candlelake: x\n  next: candlelake status\n{"next": "candlelake query \\"SELECT 1\\""}'), [
    "candlelake status",
    'candlelake query "SELECT 1"',
  ]);
});
