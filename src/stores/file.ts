import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { StoreError } from "../core/errors.ts";
import type { ObjectStore, StoredObject } from "../ports.ts";
import { DISK, type Disk, mkdirs } from "./disk.ts";

/** Half-written files live here, so that a reader of a table's folder never meets one. */
const UNFINISHED = "_tmp";

const CAUSES: Record<string, readonly [code: string, cause: string]> = {
  ENOSPC: ["disk-full", "the disk is full"],
  EDQUOT: ["disk-full", "the disk quota is used up"],
  EROFS: ["read-only", "the file system is read-only"],
  EACCES: ["no-permission", "permission is denied"],
  EPERM: ["no-permission", "the operation is not permitted"],
  ENOTDIR: ["not-a-folder", "a part of the path is a file, not a folder"],
  EEXIST: ["not-a-folder", "a file is where a folder must be"],
  EISDIR: ["not-a-file", "a folder is where a file must be"],
  EMFILE: ["too-many-files", "too many files are open"],
  EIO: ["disk-error", "the disk reports an error"],
};

/** An operating system's refusal as a sentence about `file`. */
export function diskError(error: unknown, file: string): unknown {
  const [code, cause] = CAUSES[(error as NodeJS.ErrnoException)?.code ?? ""] ?? [];
  if (!code) return error;
  return new StoreError(code, `${file}: ${cause}.`, "candlelake config", { cause: error });
}

/** A lake in a local folder. */
export class FileStore implements ObjectStore {
  readonly label: string;
  private readonly root: string;
  private readonly disk: Disk;
  /** Folders whose names are not yet forced to the disk. */
  private readonly unsynced = new Set<string>();
  private readonly known = new Set<string>();
  private count = 0;
  private readonly run = randomBytes(6).toString("hex");

  constructor(root: string, disk: Disk = DISK) {
    this.label = root;
    this.root = path.resolve(root);
    this.disk = disk;
  }

  path(key: string): string {
    return path.join(this.root, ...key.split("/"));
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const file = this.path(key);
    try {
      return fs.readFileSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw diskError(error, file);
    }
  }

  size(key: string): number | undefined {
    return fs.statSync(this.path(key), { throwIfNoEntry: false })?.size;
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const file = this.path(key);
    const unfinished = path.join(this.root, UNFINISHED, `${this.run}-${this.count++}`);
    try {
      this.folder(path.dirname(unfinished));
      this.folder(path.dirname(file));
      this.disk.writeFile(unfinished, bytes);
      this.disk.rename(unfinished, file);
      this.unsynced.add(path.dirname(file));
    } catch (error) {
      fs.rmSync(unfinished, { force: true });
      throw diskError(error, file);
    }
  }

  private folder(folder: string): void {
    if (this.known.has(folder)) return;
    for (const changed of mkdirs(this.disk, folder)) this.unsynced.add(changed);
    this.known.add(folder);
  }

  async remove(key: string): Promise<void> {
    const file = this.path(key);
    try {
      this.disk.unlink(file);
      this.unsynced.add(path.dirname(file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw diskError(error, file);
    }
  }

  async flush(): Promise<void> {
    for (const folder of this.unsynced) {
      try {
        this.disk.syncFolder(folder);
      } catch (error) {
        throw diskError(error, folder);
      }
    }
    this.unsynced.clear();
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    const walk = function* (folder: string, at: string): Iterable<StoredObject> {
      let entries: fs.Dirent[];
      try {
        entries = fs.readdirSync(folder, { withFileTypes: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw diskError(error, folder);
      }
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const entry of entries) {
        const inner = path.join(folder, entry.name);
        const key = `${at}/${entry.name}`;
        if (entry.isDirectory()) yield* walk(inner, key);
        else if (entry.isFile()) yield { key, bytes: fs.statSync(inner).size };
      }
    };
    yield* walk(this.path(prefix), prefix);
  }

  /** What a killed run left half-written. Only the holder of the lake's lock may call it. */
  removeUnfinished(): void {
    const folder = path.join(this.root, UNFINISHED);
    if (!fs.existsSync(folder)) return;
    for (const name of fs.readdirSync(folder)) {
      if (!name.startsWith(this.run)) fs.rmSync(path.join(folder, name), { force: true });
    }
  }
}
