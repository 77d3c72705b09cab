import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { diskCause } from "../core/disk.ts";
import { StoreError } from "../core/errors.ts";
import type { ObjectStore, StoredObject } from "../ports.ts";
import { DISK, type Disk, mkdirs, standing } from "./disk.ts";
import { namesOf } from "./key.ts";

/** Half-written files live here, so that a reader of a table's folder never meets one. */
const UNFINISHED = "_tmp";

/** An operating system's refusal as a sentence about `file`; any other error as it is. */
export function diskError(error: unknown, file: string): unknown {
  const refusal = diskCause(error);
  if (!refusal) return error;
  const next = refusal.code === "disk-full" ? "candlelake clean" : "candlelake config";
  return new StoreError(refusal.code, `${file}: ${refusal.cause}.`, next, { cause: error });
}

/** As the operating system would refuse it, later. */
const refused = (code: string, file: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: ${file}`), { code, syscall: "write", path: file });

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

/**
 * A lake in a local folder. What is written lies under another name until `flush` has forced it to the disk, many files at
 * once, and only then takes its place: whoever reads the folder meets whole files only, after a power cut too. This
 * process reads what it wrote all the while.
 */
export class FileStore implements ObjectStore {
  readonly label: string;
  private readonly root: string;
  private readonly disk: Disk;
  /** Folders whose names are not yet forced to the disk. */
  private readonly unsynced = new Set<string>();
  private readonly known = new Set<string>();
  /** Where the bytes lie of keys that were written and not yet flushed. */
  private readonly pending = new Map<string, string>();
  private flushing: Promise<void> = Promise.resolve();
  private count = 0;
  private readonly run = randomBytes(6).toString("hex");

  constructor(root: string, disk: Disk = DISK) {
    this.label = root;
    this.root = path.resolve(root);
    this.disk = disk;
  }

  /** @throws StoreError `bad-key` */
  path(key: string): string {
    return `${this.root}${path.sep}${namesOf(key, this.label).join(path.sep)}`;
  }

  /** Where the object's bytes are now. */
  private place(key: string): string {
    return this.pending.get(key) ?? this.path(key);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const file = this.place(key);
    try {
      return fs.readFileSync(file);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw diskError(error, file);
    }
  }

  size(key: string): number | undefined {
    return this.stat(this.place(key))?.size;
  }

  modified(key: string): number | undefined {
    return this.stat(this.place(key))?.mtimeMs;
  }

  /** Bytes that may still be written to its disk; undefined where that is not known. */
  free(): number | undefined {
    try {
      const { bavail, bsize } = fs.statfsSync(standing(this.root));
      return bavail * bsize;
    } catch {
      return undefined;
    }
  }

  private stat(file: string): fs.Stats | undefined {
    try {
      const found = fs.statSync(file, { throwIfNoEntry: false });
      return found?.isFile() ? found : undefined;
    } catch (error) {
      throw diskError(error, file);
    }
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const file = this.path(key);
    const unfinished = path.join(this.root, UNFINISHED, `${this.run}-${this.count++}`);
    try {
      this.folder(path.dirname(unfinished));
      this.folder(path.dirname(file));
      // Better now than when many others wait for their turn.
      if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw refused("EISDIR", file);
      this.disk.writeFile(unfinished, bytes);
    } catch (error) {
      removeQuietly(unfinished);
      throw diskError(error, file);
    }
    const before = this.pending.get(key);
    this.pending.set(key, unfinished);
    if (before !== undefined) removeQuietly(before);
  }

  /** Makes sure that a folder is there; its name and those above it may be a killed run's, and not yet on the disk. */
  private folder(folder: string): void {
    if (this.known.has(folder)) return;
    for (const changed of mkdirs(this.disk, folder)) this.unsynced.add(changed);
    if (!fs.statSync(folder).isDirectory()) throw refused("ENOTDIR", folder);
    for (let inner = folder; inner !== this.root; inner = path.dirname(inner)) this.unsynced.add(path.dirname(inner));
    this.known.add(folder);
  }

  async remove(key: string): Promise<void> {
    const file = this.path(key);
    const unfinished = this.pending.get(key);
    this.pending.delete(key);
    if (unfinished !== undefined) removeQuietly(unfinished);
    try {
      this.disk.unlink(file);
      this.unsynced.add(path.dirname(file));
    } catch (error) {
      if (!isMissing(error)) throw diskError(error, file);
    }
  }

  /** One after the other: what an earlier one is about to make safe has to be safe for a later one too. */
  flush(): Promise<void> {
    const flushed = this.flushing.then(() => this.flushNow());
    this.flushing = flushed.catch(() => undefined);
    return flushed;
  }

  private async flushNow(): Promise<void> {
    const written = [...this.pending];
    let at = this.root;
    try {
      await this.disk.syncFiles(written.map(([, unfinished]) => unfinished));
      for (const [key, unfinished] of written) {
        // It was replaced or removed meanwhile.
        if (this.pending.get(key) !== unfinished) continue;
        at = this.path(key);
        this.disk.rename(unfinished, at);
        this.pending.delete(key);
        this.unsynced.add(path.dirname(at));
      }
      at = this.root;
      await this.syncFolders();
    } catch (error) {
      // What is pending, or not synced, is tried again by the next call.
      throw diskError(error, at);
    }
  }

  private async syncFolders(): Promise<void> {
    const folders = [...this.unsynced];
    // A name that changes while they are synced may be too late for this time.
    this.unsynced.clear();
    try {
      await this.disk.syncFolders(folders);
    } catch (error) {
      for (const folder of folders) this.unsynced.add(folder);
      throw error;
    }
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    if (this.pending.size > 0) await this.flush();
    yield* this.walk(this.path(prefix), prefix);
  }

  private *walk(folder: string, at: string): Iterable<StoredObject> {
    // A folder's objects have its name and a slash: that decides their place among their neighbours' keys.
    const named = namesIn(folder).map((entry) => ({
      entry,
      sorted: entry.isDirectory() ? `${entry.name}/` : entry.name,
    }));
    named.sort((a, b) => (a.sorted < b.sorted ? -1 : 1));
    for (const { entry } of named) {
      const inner = path.join(folder, entry.name);
      const key = `${at}/${entry.name}`;
      if (entry.isDirectory()) yield* this.walk(inner, key);
      else if (entry.isFile()) {
        // It may have been removed since the folder was read.
        const bytes = this.stat(inner)?.size;
        if (bytes !== undefined) yield { key, bytes };
      }
    }
  }

  /** What a killed run left half-written. Only the holder of the lake's lock may call it. @throws StoreError */
  removeUnfinished(): void {
    const folder = path.join(this.root, UNFINISHED);
    for (const { name } of namesIn(folder)) {
      if (!name.startsWith(this.run)) removeQuietly(path.join(folder, name));
    }
  }
}

/** Nothing where there is no such folder. @throws StoreError */
function namesIn(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw diskError(error, folder);
  }
}

/** A file that cannot be removed is in nobody's way: it lies where only unfinished files do. */
function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // What stopped the write stops this too.
  }
}
