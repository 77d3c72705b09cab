import * as fs from "node:fs";
import * as path from "node:path";

/**
 * The calls by which a lake on disk changes, one by one. A test puts its own in between, to stop the process at each of
 * them in turn.
 */
export interface Disk {
  /** Creates the file, writes it whole and forces it to the disk. */
  writeFile(file: string, bytes: Uint8Array): void;
  rename(from: string, to: string): void;
  unlink(file: string): void;
  mkdir(folder: string): void;
  /** Forces a folder's own entries (names) to the disk. */
  syncFolder(folder: string): void;
}

export const DISK: Disk = {
  writeFile(file, bytes) {
    const fd = fs.openSync(file, "w");
    try {
      fs.writeFileSync(fd, bytes);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (file) => fs.unlinkSync(file),
  mkdir: (folder) => fs.mkdirSync(folder),
  syncFolder(folder) {
    // Windows has no such call for folders; there a rename is durable when the volume's journal is.
    if (process.platform === "win32") return;
    const fd = fs.openSync(folder, "r");
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
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
