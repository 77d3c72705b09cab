import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import process from "node:process";

/** What replacing a file consists of, in this order; tests count them and stop at each. */
export type Step = "make" | "copy" | "open" | "commit" | "checkpoint" | "sync" | "rename" | "sync-folder" | "clean";
export type OnStep = (step: Step) => void | Promise<void>;

/** Folders of this process that are in use: its id alone does not tell, as every container's first process is number 1. */
const inUse = new Set<string>();

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Makes a file's bytes, or a folder's names, survive a power cut. */
async function sync(target: string, flags: "r" | "r+"): Promise<void> {
  const handle = await open(target, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder beside a file, in which the file's next version is made before it takes the file's place. */
export class WorkFolder {
  readonly target: string;
  /** The next version. It has the target's name, because DuckDB calls a database after its file. */
  readonly file: string;
  /** Where DuckDB may put what exceeds its memory. */
  readonly spill: string;
  private readonly folder: string;
  private readonly onStep: OnStep;

  constructor(target: string, onStep: OnStep = () => {}) {
    const name = path.basename(target);
    this.target = target;
    this.folder = path.join(path.dirname(target), `.${name}.${process.pid}-${randomUUID().slice(0, 8)}`);
    this.file = path.join(this.folder, name);
    this.spill = path.join(this.folder, "spill");
    this.onStep = onStep;
  }

  /** Makes the folder, and removes those that killed runs left. */
  async begin(): Promise<void> {
    await this.onStep("make");
    await this.removeLeftovers();
    await mkdir(this.folder, { recursive: true });
    inUse.add(this.folder);
  }

  /** Puts the next version in the target's place: a reader sees the one or the other, and so does one after a power cut. */
  async publish(): Promise<void> {
    await this.onStep("sync");
    await sync(this.file, "r+");
    await this.onStep("rename");
    await rename(this.file, this.target);
    await this.onStep("sync-folder");
    // Windows has no way to sync a folder.
    if (process.platform !== "win32") await sync(path.dirname(this.target), "r");
  }

  async end(): Promise<void> {
    if (!inUse.has(this.folder)) return;
    await this.onStep("clean");
    await rm(this.folder, { recursive: true, force: true });
    inUse.delete(this.folder);
  }

  private async removeLeftovers(): Promise<void> {
    const parent = path.dirname(this.target);
    const prefix = `.${path.basename(this.target)}.`;
    for (const name of await readdir(parent).catch(() => [])) {
      const owner = name.startsWith(prefix) ? /^(\d+)-[0-9a-f]{8}$/.exec(name.slice(prefix.length)) : null;
      if (!owner) continue;
      const folder = path.join(parent, name);
      const pid = Number(owner[1]);
      const alive = pid === process.pid ? inUse.has(folder) : isRunning(pid);
      if (!alive) await rm(folder, { recursive: true, force: true });
    }
  }
}
