// Start-up: `--version` and `--help` against a Node that does nothing, in a clone and as npm packs it. Bound: 1.5.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, scratch } from "./process.ts";

const RUNS = 41;
const root = fileURLToPath(new URL("..", import.meta.url));

/** What `npm pack` takes, without the tarball. */
function packed(): string {
  const folder = scratch();
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const config = join(root, "tsconfig.build.json");
  const built = spawnSync(process.execPath, [tsc, "-p", config, "--outDir", join(folder, "dist")], {
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(built.stdout);
  mkdirSync(join(folder, "bin"));
  for (const file of ["bin/candlelake.js", "package.json"]) cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  return join(folder, "bin/candlelake.js");
}

function wall(args: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const time = performance.now() - began;
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return time;
}

const programs = { clone: join(root, "bin/candlelake.js"), packed: packed() };
const lines: Record<string, readonly string[]> = { "node -e 0": ["-e", "0"] };
for (const [mode, file] of Object.entries(programs)) {
  for (const words of [["--version"], ["--help"], ["ingest", "--help"]])
    lines[`${mode} ${words.join(" ")}`] = [file, ...words];
}
// The first start of all fills the compile cache.
for (const args of Object.values(lines)) wall(args);
const walls = Object.fromEntries(Object.keys(lines).map((name): [string, number[]] => [name, []]));
for (let run = 0; run < RUNS; run++) for (const [name, args] of Object.entries(lines)) walls[name]?.push(wall(args));
const base = median(walls["node -e 0"] ?? []);
for (const [name, times] of Object.entries(walls)) {
  console.log(`${name}: ${median(times).toFixed(1)} ms, ${(median(times) / base).toFixed(2)} × node -e 0`);
}
