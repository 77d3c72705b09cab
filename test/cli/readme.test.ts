// The commands of the README, run as they stand.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, test } from "node:test";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { startTwin } from "../../src/twin/start.ts";

const root = resolve(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;

/** The lines of each block of a language. */
const blocks = (language: string): string[][] =>
  [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = ""]) => text.trim().split("\n"));

const isNpm = (line: string): boolean => line.startsWith("npm ");
const npmBlocks = blocks("sh").filter((lines) => lines.some(isNpm));
const commandBlocks = blocks("sh").filter((lines) => !lines.some(isNpm));

/** The commands in the second column of the table that leads over from the old pipeline. */
function tableCommands(): string[] {
  const [, table = ""] = /^## From the hand-made pipeline\n([\s\S]*?)^## /m.exec(readme) ?? [];
  const cells = [...table.matchAll(/^\|[^|]*\|(.*)\|$/gm)].map(([, cell = ""]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code));
}

const scratch = mkdtempSync(join(tmpdir(), "candlelake-readme-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function folder(name: string): string {
  mkdirSync(join(scratch, name));
  return join(scratch, name);
}

/** `candlelake` as a word of the shell. */
const bin = folder("bin");
writeFileSync(
  join(bin, "candlelake"),
  `#!/bin/sh\nexec '${process.execPath}' '${join(root, "bin/candlelake.js")}' "$@"\n`,
);
chmodSync(join(bin, "candlelake"), 0o755);

/** No setting of whoever runs the tests comes along. */
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:CANDLELAKE|NODE_TEST|npm)_|_PROXY$/i.test(name)),
);

/** Runs a line in a shell; it has to end well. */
function shell(line: string, cwd: string, settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const env = { ...inherited, ...settings, PATH: `${bin}${delimiter}${process.env["PATH"]}` };
  return new Promise((done, fail) => {
    execFile("sh", ["-c", line], { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) fail(new Error(`${line}\nended with ${error.code}: ${stderr}${stdout}`));
      else done(stdout);
    });
  });
}

/** An address at which nobody listens. */
async function closedEndpoint(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${address.port}`;
}

const REST = ["US", "SPOT", "FUTURES"].map((name) => `CANDLELAKE_BINANCE_${name}_REST`);

test("two lines are enough for a clone: one starts it, the other tests it", () => {
  assert.deepEqual(npmBlocks, [["npm ci && npm start"], ["npm ci && npm test"]]);
  for (const name of ["start", "test"]) assert.ok(scripts[name], name);
  assert.ok(commandBlocks.length > 0);
  // Of made data, so that they run without a network.
  for (const line of commandBlocks.flat()) assert.match(line, /^candlelake .*--synthetic$/);
});

test("npm start, where no venue answers: made data to a first query, and nothing to do the second time", async () => {
  // A checkout of links: what is written lies beside them.
  const checkout = folder("checkout");
  for (const name of ["bin", "node_modules", "package.json", "src", "toolchain"]) {
    symlinkSync(join(root, name), join(checkout, name));
  }
  const closed = await closedEndpoint();
  const settings = Object.fromEntries(REST.map((name) => [name, closed]));
  const answer = await shell("npm start", checkout, settings);
  assert.match(answer, /[1-9][\d,]* rows written, [1-9][\d,]* rows loaded/);
  assert.match(answer, /^SYNTHETIC[\s\S]+SELECT [\s\S]+\n\d{4}-\d\d-\d\dT/m);
  assert.match(answer, /nothing to do, 0 rows, 0 bytes/);
  assert.ok(existsSync(join(checkout, "candlelake-demo/synthetic")));
});

test("every block of commands runs in order in an empty folder, and again", async () => {
  for (const [i, lines] of commandBlocks.entries()) {
    const cwd = folder(`block-${i}`);
    for (const line of lines) assert.notEqual(await shell(line, cwd), "", line);
    for (const line of lines) {
      const answer = await shell(line, cwd);
      if (/^candlelake (?:ingest|load|run)\b/.test(line)) assert.match(answer, /^Nothing to do/m, line);
    }
    const files = lines.flatMap((line) => / -o (\S+)/.exec(line)?.[1] ?? []);
    for (const file of files) assert.ok(existsSync(join(cwd, file)), file);
  }
});

test("the old pipeline's steps run in the order of the table, as they stand, against stand-ins of venue and cloud", async () => {
  const commands = tableCommands();
  const ours = commands.filter((code) => code.startsWith("candlelake "));
  assert.ok(ours.length >= 7, `${ours.length} commands`);
  // What else is set as code: a flag to add to the commands before it, the installation and the login.
  assert.deepEqual(
    commands.filter((code) => !ours.includes(code)),
    ["npm ci", "gcloud auth application-default login", "--synthetic"],
  );
  const [twin, google] = [await startTwin({ now: Date.now() }), await startGoogleTwin()];
  after(() => Promise.all([twin.close(), google.close()]));
  const cwd = folder("table");
  const { CANDLELAKE_STORAGE_ENDPOINT = "", CANDLELAKE_BIGQUERY_ENDPOINT = "" } = google.settings;
  const endpoints = { CANDLELAKE_STORAGE_ENDPOINT, CANDLELAKE_BIGQUERY_ENDPOINT };
  const settings = { ...twin.settings, ...endpoints, DATA_BUCKET: "demo-bucket", PROJECT: "demo" };
  const steps = ours.filter((line) => !/^candlelake (?:init|run)\b/.test(line));
  for (const line of steps) assert.notEqual(await shell(line, cwd, settings), "", line);
  const [count] = JSON.parse(
    await shell(
      "candlelake query \"SELECT count(*) AS n FROM spot_klines WHERE DATE(open_time) = '2025-01-01'\" --project $PROJECT --format json",
      cwd,
      settings,
    ),
  );
  assert.deepEqual(count, { n: 24 });
  for (const line of steps.filter((code) => /^candlelake (?:ingest|load)\b/.test(code))) {
    assert.match(await shell(`${line} --synthetic`, cwd, settings), /^Nothing to do/m, line);
  }
  for (const line of ours.filter((code) => !steps.includes(code)))
    assert.notEqual(await shell(line, cwd, settings), "", line);
});

test("the same steps without a bucket and without a project need nothing but a laptop", async () => {
  const twin = await startTwin({ now: Date.now() });
  after(() => twin.close());
  const cwd = folder("laptop");
  const local = tableCommands()
    .filter((code) => code.startsWith("candlelake "))
    .map((line) => line.replaceAll(/ --(?:bucket|project|dataset|location) \S+/g, ""));
  for (const line of local) assert.notEqual(await shell(line, cwd, twin.settings), "", line);
  const sql = "SELECT count(*) AS n FROM spot_klines WHERE open_time::DATE = '2025-01-01'";
  const [count] = JSON.parse(await shell(`candlelake query "${sql}" --format json`, cwd, twin.settings));
  assert.deepEqual(count, { n: 24 });
});
