import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;

export interface Measured {
  /** Milliseconds from start to end of the process. */
  readonly wall: number;
  /** Megabytes at the peak. */
  readonly peak: number;
  readonly output: string;
}

/** Runs the command line as a process of its own. */
export function candlelake(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Measured {
  const folder = mkdtempSync(join(tmpdir(), "candlelake-bench-"));
  const usage = join(folder, "usage");
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", join(root, "bench/usage.cjs"), join(root, "bin/candlelake.js"), ...args],
    { env: { ...process.env, ...environment, BENCH_USAGE: usage }, encoding: "utf8", maxBuffer: 2 ** 30 },
  );
  const wall = performance.now() - began;
  if (status !== 0) throw new Error(`candlelake ${args.join(" ")} ended with ${status}: ${stderr}`);
  const peak = Number(readFileSync(usage, "utf8")) / 1000;
  rmSync(folder, { recursive: true });
  return { wall, peak, output: stdout };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder for a bench's lake, gone when the process ends. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "candlelake-bench-"));
  folders.push(folder);
  return folder;
}
