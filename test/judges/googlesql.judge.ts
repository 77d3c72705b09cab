// Every SQL text that is meant for BigQuery, put before Google's own analyzer, which knows the tables from our DDL.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { SPECS } from "../../src/cli/specs.ts";
import { TABLES } from "../../src/market/tables.ts";
import { createAll, keepPartitions } from "../../src/warehouses/bigquery-sql.ts";
import { datasetsOf } from "../../src/warehouses/dataset.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const pom = join(import.meta.dirname, "googlesql-pom.xml");
const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath";

const isThere = (command: string): Promise<boolean> =>
  run(command, ["-version"]).then(
    () => true,
    () => false,
  );

const absent: string[] = [];
for (const command of ["java", "mvn"]) if (!(await isThere(command))) absent.push(command);
const skip = absent.length === 0 ? false : `this machine has no ${absent.join(" and no ")}`;

/** The analyzer's class path; fetched once, into a cache. */
async function classPath(): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "candlelake-judges");
  const hash = createHash("sha256").update(await readFile(pom));
  const file = join(cache, `googlesql-${hash.digest("hex").slice(0, 16)}.path`);
  const known = await readFile(file, "utf8").catch(() => undefined);
  const isComplete = async (path: string): Promise<boolean> =>
    (await Promise.allSettled(path.split(delimiter).map((jar) => access(jar)))).every(
      ({ status }) => status === "fulfilled",
    );
  if (known && (await isComplete(known))) return known;
  await mkdir(cache, { recursive: true });
  const made = `${file}.${process.pid}`;
  const options = [`-Dmaven.repo.local=${join(cache, "maven")}`, `-Dmdep.outputFile=${made}`];
  await run("mvn", ["-q", "-B", "-f", pom, ...options, PLUGIN]);
  await rename(made, file);
  return readFile(file, "utf8");
}

/** What the analyzer says of each script: `ok N`, or its refusal. */
async function judge(scripts: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "candlelake-judge-"));
  try {
    const files = scripts.map((_, index) => join(folder, `${index}.sql`));
    for (const [index, file] of files.entries()) await writeFile(file, scripts[index] as string);
    const source = join(import.meta.dirname, "GoogleSql.java");
    const { stdout } = await run("java", ["-cp", await classPath(), source, ...files]);
    return stdout.trimEnd().split("\n");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The SQL of every `candlelake query "…"` of a text. */
const queriesIn = (text: string): string[] =>
  [...text.matchAll(/candlelake query [^"\n]*"([^"\n]+)"/g)]
    .map(([, sql = ""]) => sql)
    .filter((sql) => /^select\b/i.test(sql));

/** The SQL that the documents show, without what only the lake's files have. */
async function shown(): Promise<Map<string, string>> {
  const documents = ["README.md", ...(await readdir(join(root, "docs"))).map((name) => `docs/${name}`)];
  const texts = new Map([["--help", SPECS.flatMap((spec) => spec.examples).join("\n")]]);
  for (const name of documents.filter((one) => one.endsWith(".md"))) {
    texts.set(name, await readFile(join(root, name), "utf8"));
  }
  const unloaded = TABLES.filter((table) => !table.loaded).map((table) => table.name);
  const queries = new Map<string, string>();
  for (const [name, text] of texts) {
    for (const sql of queriesIn(text)) if (!unloaded.some((table) => sql.includes(table))) queries.set(sql, name);
  }
  return queries;
}

const place = {
  project: "my-project-1",
  datasets: datasetsOf("btc_forecast_raw", false),
  location: "us-central1",
};

describe("Google's GoogleSQL analyzer accepts what is meant for BigQuery", { skip }, () => {
  test("DDL, examples and the queries that the documents show", async () => {
    const ddl = createAll(place);
    const examples = await readFile(join(root, "examples/queries.sql"), "utf8");
    const queries = await shown();
    assert.ok(queries.size > 0);
    const verdicts = await judge([ddl, examples, keepPartitions(place, "spot_klines"), ...queries.keys()]);
    const rest = [...queries].map(() => "ok 1");
    assert.deepEqual(verdicts, ["ok 7", `ok ${examples.match(/;$/gm)?.length}`, "ok 1", ...rest]);
  });

  test("it knows the columns, and refuses what BigQuery would", async () => {
    const [, unknown, reserved, type] = await judge([
      createAll(place, ["spot_klines"]),
      "SELECT closing FROM spot_klines",
      "SELECT interval FROM spot_klines",
      "SELECT close + symbol FROM spot_klines",
    ]);
    assert.match(unknown ?? "", /Unrecognized name: closing/);
    assert.match(reserved ?? "", /Syntax error/);
    assert.match(type ?? "", /No matching signature/);
  });
});
