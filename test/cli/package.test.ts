import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Not part of a checkout; node_modules is linked instead of copied. */
const leftOut = new Set([".git", "node_modules", "dist", "data"]);

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  bundleDependencies?: string[];
  scripts?: Record<string, string>;
}

let work: string;
let packed: string;
let manifest: Manifest;

before(async () => {
  work = await mkdtemp(join(tmpdir(), "candlelake-package-"));
  const checkout = join(work, "checkout");
  await cp(root, checkout, {
    recursive: true,
    filter: (path) =>
      !relative(root, path)
        .split(sep)
        .some((name) => leftOut.has(name)),
  });
  await symlink(join(root, "node_modules"), join(checkout, "node_modules"), "junction");
  const tarball = await pack(checkout, work);

  const project = join(work, "project");
  packed = join(project, "node_modules", "candlelake");
  await mkdir(dirname(packed), { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", project]);
  await rename(join(project, "package"), packed);
  manifest = JSON.parse(await readFile(join(packed, "package.json"), "utf8"));
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(project, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, "node_modules", name), link, "junction");
  }
});

after(() => rm(work, { recursive: true, force: true }));

test("the package holds what was built, the starter and the papers, and nothing else", async () => {
  const files = await filesOf(packed);
  const rest = files.filter((file) => !/^dist\/.*\.(?:js|d\.ts)$/.test(file));
  assert.deepEqual(rest, ["CHANGELOG.md", "LICENSE", "README.md", "bin/candlelake.js", "package.json"]);
  for (const file of ["dist/index.js", "dist/index.d.ts", "dist/cli/main.js"]) assert.ok(files.includes(file), file);
});

test("it depends on its libraries alone, by exact versions, and runs nothing when installed", () => {
  assert.deepEqual(Object.keys(manifest.dependencies).sort(), [
    "@duckdb/node-api",
    "@google-cloud/bigquery",
    "@google-cloud/storage",
    "google-auth-library",
    "minizlib",
  ]);
  for (const version of Object.values(manifest.dependencies)) assert.match(version, /^\d/);
  assert.equal(manifest.optionalDependencies, undefined);
  assert.equal(manifest.bundleDependencies, undefined);
  for (const name of ["preinstall", "install", "postinstall"]) assert.equal(manifest.scripts?.[name], undefined);
});

test("no import of a .ts file is left in what was built", async () => {
  const files = (await filesOf(join(packed, "dist"))).filter((file) => file.endsWith(".js"));
  for (const file of files) {
    const text = await readFile(join(packed, "dist", file), "utf8");
    assert.doesNotMatch(text, /(?:from|import|import\() ?["']\.[^"']*\.ts["']/, file);
  }
});

test("the installed CLI starts", async () => {
  const { stdout, stderr } = await run(process.execPath, [join(packed, "bin", "candlelake.js"), "--version"]);
  assert.equal(stdout.trim(), manifest.version);
  assert.equal(stderr, "");
});

test("the installed library can be imported", async () => {
  const code = 'console.log(Object.keys(await import("candlelake")).length > 0)';
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: dirname(dirname(packed)),
  });
  assert.equal(stdout.trim(), "true");
});

test("TypeScript finds the types of the installed library", async () => {
  const project = dirname(dirname(packed));
  await mkdir(join(project, "node_modules", "@types"));
  await symlink(join(root, "node_modules/@types/node"), join(project, "node_modules/@types/node"), "junction");
  await writeFile(
    join(project, "consumer.mts"),
    'import * as lake from "candlelake";\nexport const name: keyof typeof lake = "no such export";\n',
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const check = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"];
  await assert.rejects(run(process.execPath, [tsc, ...check, "consumer.mts"], { cwd: project }), {
    stdout: /^consumer\.mts\(2,14\): error TS2322: .*\n$/,
  });
});

test("on an old Node the installed CLI says in one line what it needs", async () => {
  const old = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})`;
  const start = run(process.execPath, ["--import", old, join(packed, "bin", "candlelake.js"), "--version"]);
  await assert.rejects(start, (error: Error & { code: number; stdout: string; stderr: string }) => {
    assert.equal(error.code, 4);
    assert.equal(error.stdout, "");
    assert.match(error.stderr, /^candlelake needs Node 22\.21, 24\.5 or newer, and this is Node 20\.20\.2: .*\n$/);
    return true;
  });
});

/** Runs `npm pack`, and with it the build. Returns the tarball's path. */
async function pack(folder: string, destination: string): Promise<string> {
  const args = ["pack", "--json", "--pack-destination", destination];
  const npm = process.env["npm_execpath"];
  const options = { cwd: folder, shell: npm === undefined && process.platform === "win32" };
  await (npm === undefined ? run("npm", args, options) : run(process.execPath, [npm, ...args], options));
  const tarball = (await readdir(destination)).find((name) => name.endsWith(".tgz"));
  assert.ok(tarball !== undefined);
  return join(destination, tarball);
}

/** The files below a folder, with forward slashes, sorted. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}
