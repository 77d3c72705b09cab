import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import process from "node:process";

/** What a replacement does, in this order; tests stop at each. */
export type Step = "copy" | "open" | "commit" | "checkpoint" | "sync" | "rename" | "sync-folder" | "clean";
export type OnStep = (step: Step) => void | Promise<void>;

/** Makes a file's bytes, or a folder's names, survive a power cut. */
async function sync(target: string): Promise<void> {
  const handle = await open(target, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A copy of a database file in a folder of its own beside it, which takes its place at the end or is thrown away. */
export class Replacement {
  readonly file: string;
  readonly folder: string;
  /** Same name as the original: DuckDB calls the database after its file. */
  readonly copy: string;
  private readonly onStep: OnStep;

  constructor(file: string, onStep: OnStep) {
    this.file = file;
    this.folder = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}-${randomUUID().slice(0, 8)}`);
    this.copy = path.join(this.folder, path.basename(file));
    this.onStep = onStep;
  }

  async begin(exists: boolean): Promise<void> {
    await this.onStep("copy");
    await mkdir(this.folder, { recursive: true });
    if (exists) await copyFile(this.file, this.copy, constants.COPYFILE_FICLONE);
  }

  async publish(): Promise<void> {
    await this.onStep("sync");
    await sync(this.copy);
    await this.onStep("rename");
    await rename(this.copy, this.file);
    await this.onStep("sync-folder");
    await sync(path.dirname(this.file));
  }

  async end(): Promise<void> {
    await this.onStep("clean");
    await rm(this.folder, { recursive: true, force: true });
  }
}
