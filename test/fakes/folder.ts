import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** In memory where the machine has such a place: for tests that make thousands of files. */
const MEMORY = fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();

/** A folder of one's own, gone when the test is over. */
export class TemporaryFolder implements Disposable {
  readonly path: string;

  constructor(where: "disk" | "memory" = "disk") {
    this.path = fs.mkdtempSync(path.join(where === "memory" ? MEMORY : os.tmpdir(), "candlelake-test-"));
  }

  join(...names: string[]): string {
    return path.join(this.path, ...names);
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.path, { recursive: true, force: true });
  }
}

/** The bytes of every file under a folder, by path with forward slashes; empty folders leave no trace. */
export function tree(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  if (!fs.existsSync(folder)) return files;
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.set(path.relative(folder, file).split(path.sep).join("/"), fs.readFileSync(file));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
