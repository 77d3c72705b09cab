import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";
import { DISK, type Disk } from "../../src/stores/disk.ts";

type Call = keyof Disk;

/** The machine's disk with something done before each call; what throws there keeps the call from being made. */
export function watched(before: (call: Call, target: string) => void, disk: Disk = DISK): Disk {
  const each = (call: Call, targets: readonly string[]) => {
    for (const target of targets) before(call, target);
  };
  return {
    writeFile(file, bytes) {
      before("writeFile", file);
      disk.writeFile(file, bytes);
    },
    async syncFiles(files) {
      each("syncFiles", files);
      await disk.syncFiles(files);
    },
    rename(from, to) {
      before("rename", to);
      disk.rename(from, to);
    },
    unlink(file) {
      before("unlink", file);
      disk.unlink(file);
    },
    mkdir(folder) {
      before("mkdir", folder);
      disk.mkdir(folder);
    },
    async syncFolders(folders) {
      each("syncFolders", folders);
      await disk.syncFolders(folders);
    },
  };
}

/** What the operating system throws. */
export function refusal(code: string, syscall: string, file: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${syscall} '${file}'`), { code, syscall, path: file });
}

/** A disk on which there is room for so many bytes; the write that goes beyond leaves a cut file, as a real one does. */
export function fullAfter(room: number): Disk {
  let left = room;
  return {
    ...DISK,
    writeFile(file, bytes) {
      if (bytes.length > left) {
        fs.writeFileSync(file, bytes.subarray(0, left));
        throw refusal("ENOSPC", "write", file);
      }
      left -= bytes.length;
      DISK.writeFile(file, bytes);
    },
  };
}

/** A disk on which nothing can be changed. */
export const readOnlyDisk: Disk = watched((call, target) => {
  if (call !== "syncFolders") throw refusal("EROFS", call, target);
});

/** A small file system of one's own. */
export class Mount implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** undefined where this user may not mount. */
  static tmpfs(path: string, size: string): Mount | undefined {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
    fs.mkdirSync(path, { recursive: true });
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
    return status === 0 ? new Mount(path) : undefined;
  }

  remount(options: string): void {
    const { status, stderr } = spawnSync("mount", ["-o", `remount,${options}`, this.path], { encoding: "utf8" });
    if (status !== 0) throw new Error(`remount ${options}: ${stderr}`);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", [this.path]);
  }
}
