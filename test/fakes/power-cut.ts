import * as fs from "node:fs";
import * as path from "node:path";
import type { Disk } from "../../src/stores/disk.ts";
import { Killed } from "./crashing-store.ts";

/** What a name stands for: a folder, or a file's bytes with the time at which they were written. */
type Thing = "folder" | { readonly bytes: Uint8Array; readonly time: number; readonly synced: boolean };
type Names = ReadonlyMap<string, Thing>;

/** The real calls without the waiting: what is safe is counted here, not on the machine's disk. */
export const QUICK: Disk = {
  writeFile: (file, bytes) => fs.writeFileSync(file, bytes),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (file) => fs.unlinkSync(file),
  mkdir: (folder) => fs.mkdirSync(folder),
  async syncFiles() {},
  async syncFolders() {},
};

function list(folder: string, unsynced: ReadonlySet<string>): Map<string, Thing> {
  const things = new Map<string, Thing>();
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const inner = path.join(folder, entry.name);
    if (entry.isDirectory()) things.set(entry.name, "folder");
    else
      things.set(entry.name, {
        bytes: fs.readFileSync(inner),
        time: fs.statSync(inner).mtimeMs,
        synced: !unsynced.has(inner),
      });
  }
  return things;
}

/**
 * A disk whose power fails before its n-th call. A file's bytes are safe when it was synced after it was written, and cut
 * off somewhere else; a name is safe when its folder was synced after it changed, and may or may not be there else:
 * `luck` decides.
 */
export class PowerCutDisk implements Disk {
  private readonly root: string;
  private left: number;
  private readonly safe = new Map<string, Names>();
  /** Files whose bytes are not safe. */
  private readonly loose = new Set<string>();
  calls = 0;
  /** Calls before the first folder was synced. */
  unsynced = 0;

  /** @param root everything in it is safe to begin with */
  constructor(root: string, calls = Number.POSITIVE_INFINITY) {
    this.root = root;
    this.left = calls;
    this.remember(root);
  }

  /** The process was killed, and another one goes on: the machine still knows what it knew. */
  revive(calls: number): void {
    this.left = calls;
  }

  private remember(folder: string): void {
    const names = list(folder, this.loose);
    this.safe.set(folder, names);
    for (const [name, thing] of names) if (thing === "folder") this.remember(path.join(folder, name));
  }

  private call(): void {
    if (this.left-- <= 0) {
      this.left = 0;
      throw new Killed("the power is gone");
    }
    this.calls++;
  }

  writeFile(file: string, bytes: Uint8Array): void {
    this.call();
    QUICK.writeFile(file, bytes);
    this.loose.add(file);
  }

  async syncFiles(files: readonly string[]): Promise<void> {
    for (const file of files) {
      this.call();
      this.loose.delete(file);
    }
  }

  rename(from: string, to: string): void {
    this.call();
    QUICK.rename(from, to);
    this.loose.delete(to);
    if (this.loose.delete(from)) this.loose.add(to);
  }

  unlink(file: string): void {
    this.call();
    QUICK.unlink(file);
  }

  mkdir(folder: string): void {
    this.call();
    QUICK.mkdir(folder);
    this.safe.set(folder, new Map());
  }

  async syncFolders(folders: readonly string[]): Promise<void> {
    for (const folder of folders) {
      if (this.unsynced === 0) this.unsynced = this.calls;
      this.call();
      this.safe.set(folder, list(folder, this.loose));
    }
  }

  /** What is found in `target` when the power is back. */
  survivors(target: string, luck: () => boolean): void {
    this.rebuild(this.root, target, luck);
  }

  private rebuild(folder: string, target: string, luck: () => boolean): void {
    fs.mkdirSync(target, { recursive: true });
    const [safe, live] = [this.safe.get(folder) ?? new Map<string, Thing>(), list(folder, this.loose)];
    for (const name of new Set([...safe.keys(), ...live.keys()])) {
      const thing = luck() ? live.get(name) : safe.get(name);
      const inner = path.join(target, name);
      if (thing === "folder") this.rebuild(path.join(folder, name), inner, luck);
      else if (thing) {
        const half = thing.bytes.subarray(0, thing.bytes.length >> 1);
        fs.writeFileSync(inner, thing.synced || luck() ? thing.bytes : half);
        fs.utimesSync(inner, thing.time / 1000, thing.time / 1000);
      }
    }
  }
}
