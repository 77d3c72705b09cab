import * as fs from "node:fs";
import * as path from "node:path";

/**
 * The calls by which a lake on disk changes, one by one. A test puts its own in between, to stop the process at each of
 * them in turn.
 */
export interface Disk {
  /** Creates the file and writes it whole. It is not safe yet. */
  writeFile(file: string, bytes: Uint8Array): void;
  /** Forces files to the disk, several at once: a journal is written once for all that wait for it. */
  syncFiles(files: readonly string[]): Promise<void>;
  rename(from: string, to: string): void;
  unlink(file: string): void;
  mkdir(folder: string): void;
  /** Forces folders' own entries (names) to the disk. */
  syncFolders(folders: readonly string[]): Promise<void>;
}

const sync = (path: string, flags: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const fd = fs.openSync(path, flags);
    fs.fsync(fd, (error) => {
      fs.closeSync(fd);
      if (error) reject(error);
      else resolve();
    });
  });

function syncNow(folder: string): void {
  const fd = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Open files at once. */
const WIDTH = 64;

async function syncAll(paths: readonly string[], flags: string): Promise<void> {
  for (let at = 0; at < paths.length; at += WIDTH) {
    await Promise.all(paths.slice(at, at + WIDTH).map((path) => sync(path, flags)));
  }
}

export const DISK: Disk = {
  writeFile: (file, bytes) => fs.writeFileSync(file, bytes),
  syncFiles: (files) => syncAll(files, "r+"),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (file) => fs.unlinkSync(file),
  mkdir: (folder) => fs.mkdirSync(folder),
  async syncFolders(folders) {
    // Windows has no such call for folders; there a rename is durable when the volume's journal is.
    if (process.platform === "win32") return;
    // The first of them waits for the journal; the others then find it written, sooner than a thread could be asked.
    const [first, ...rest] = folders;
    if (first !== undefined) await sync(first, "r");
    for (const folder of rest) syncNow(folder);
  },
};

/** Creates a folder and its missing parents; returns the folders whose entries changed by that. */
export function mkdirs(disk: Disk, folder: string): string[] {
  if (fs.existsSync(folder)) return [];
  const parent = path.dirname(folder);
  const changed = mkdirs(disk, parent);
  try {
    disk.mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !fs.statSync(folder).isDirectory()) throw error;
  }
  return [...changed, parent];
}

/** A place's nearest folder that is there, or the place itself. */
export function standing(place: string): string {
  let there = path.resolve(place);
  while (!fs.existsSync(there) && there !== path.dirname(there)) there = path.dirname(there);
  return there;
}
