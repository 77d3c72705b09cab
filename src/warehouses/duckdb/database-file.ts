import { createReadStream, createWriteStream, constants as fsConstants } from "node:fs";
import { copyFile, open, realpath, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { diskCause } from "../../core/disk.ts";
import { WarehouseError } from "../../core/errors.ts";
import { firstLine, openSession, type Session, temporarySpill } from "./session.ts";
import { WorkFolder } from "./work-folder.ts";

/** Since this storage version (DuckDB 1.4) a log names the checkpoint that it continues, and no other takes it. */
const NAMED_LOGS = 67n;
const COPY_TRIES = 3;
/** Pieces of a megabyte keep the disk busy; larger ones wait for their memory. */
const CHUNK = 1 << 20;

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/** Tells one state of a file from the next; undefined where there is no file. */
async function fingerprint(file: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Copies at once where the file system can share blocks, else in pieces that an abort ends. */
async function copy(from: string, to: string, signal?: AbortSignal): Promise<void> {
  try {
    await copyFile(from, to, fsConstants.COPYFILE_FICLONE_FORCE);
  } catch {
    const pieces = createReadStream(from, { highWaterMark: CHUNK });
    await pipeline(pieces, createWriteStream(to, { highWaterMark: CHUNK }), signal ? { signal } : {});
  }
}

/** A DuckDB file as others may have it open: read, copied, but never written in place. */
export class DatabaseFile {
  /** As the user wrote it, for messages. */
  private readonly name: string;
  readonly path: string;
  /** DuckDB's spelling, `512MB`. */
  readonly memoryLimit: string;

  private constructor(name: string, target: string, memoryLimit: string) {
    this.name = name;
    this.path = target;
    this.memoryLimit = memoryLimit;
  }

  /**
   * Links are followed: what takes the file's place has to take the place of the file itself.
   * @throws WarehouseError `bad-path`
   */
  static async at(name: string, memoryLimit: string): Promise<DatabaseFile> {
    const target = path.resolve(name);
    if (target.includes("?")) {
      const why = "DuckDB takes what follows a question mark for parameters, and would put its log elsewhere";
      throw new WarehouseError("bad-path", `${target}: ${why}. Choose a path without one.`, "candlelake config");
    }
    return new DatabaseFile(name, await realpath(target).catch(() => target), memoryLimit);
  }

  get log(): string {
    return `${this.path}.wal`;
  }

  /**
   * DuckDB's storage version of the file; undefined where there is no file.
   * @throws WarehouseError `not-a-warehouse`, `unreadable-warehouse`
   */
  async storageVersion(): Promise<bigint | undefined> {
    const head = Buffer.alloc(20);
    try {
      const handle = await open(this.path, "r");
      try {
        if (!(await handle.stat()).isFile()) throw this.foreign("it is no file");
        await handle.read(head, 0, head.length, 0);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (error instanceof WarehouseError) throw error;
      const why = diskCause(error)?.cause ?? firstLine(error);
      throw new WarehouseError("unreadable-warehouse", `${this.name}: ${why}.`, "candlelake config", { cause: error });
    }
    // A file begins with a checksum, DUCK and the version.
    if (head.toString("latin1", 8, 12) !== "DUCK") throw this.foreign("it is no DuckDB file");
    return head.readBigUInt64LE(12);
  }

  /** The command that fills another file from the lake, for where this one cannot be used. */
  get elsewhere(): string {
    const { dir, name } = path.parse(this.name);
    const other = `duckdb:${path.join(dir, `${name.replace(/_synthetic$/, "")}-2.duckdb`)}`;
    return `candlelake load --warehouse ${/^[\w./:-]+$/.test(other) ? other : `'${other.replaceAll("'", "'\\''")}'`}`;
  }

  foreign(why: string, cause?: unknown): WarehouseError {
    return new WarehouseError("not-a-warehouse", `${this.name} is left as it is: ${why}.`, this.elsewhere, { cause });
  }

  busy(why: string): WarehouseError {
    return new WarehouseError("warehouse-busy", `${this.name}: ${why}`, "candlelake load");
  }

  /**
   * Opens the file to read; where a program holds it for writing, a copy of what that program has finished.
   * undefined where there is no file.
   * @throws WarehouseError
   */
  async read(): Promise<Session | undefined> {
    if ((await this.storageVersion()) === undefined) return undefined;
    const spill = temporarySpill();
    try {
      return await openSession({ file: this.path, readOnly: true, memoryLimit: this.memoryLimit, spill });
    } catch {
      return this.readCopy();
    }
  }

  private async readCopy(): Promise<Session> {
    const work = new WorkFolder(this.path);
    const options = { file: work.file, readOnly: true, memoryLimit: this.memoryLimit, spill: work.spill };
    try {
      await work.begin();
      const logged = await this.copyTo(work.file);
      const session = await openSession(options).catch(async (error: unknown) => {
        if (!logged) throw error;
        // A log of a version that was replaced is none of this one's.
        await rm(`${work.file}.wal`);
        return openSession(options);
      });
      return {
        connection: session.connection,
        async close() {
          await session.close();
          await work.end();
        },
      };
    } catch (error) {
      await work.end();
      if (error instanceof WarehouseError) throw error;
      const isDisk = error instanceof Error && "code" in error;
      throw isDisk
        ? this.busy(`it is open for writing, and no copy can be made to read: ${firstLine(error)}.`)
        : this.foreign(firstLine(error), error);
    }
  }

  /** Copies the file with its log, as they were at one moment. Returns whether there is a log. */
  private async copyTo(target: string): Promise<boolean> {
    const both = async () => [await fingerprint(this.path), await fingerprint(this.log)] as const;
    for (let tries = 0; tries < COPY_TRIES; tries++) {
      const before = await both();
      try {
        await copy(this.path, target);
        if (before[1]) await copy(this.log, `${target}.wal`);
        else await rm(`${target}.wal`, { force: true });
      } catch (error) {
        // A log goes when its changes have come into the file.
        if (!isMissing(error)) throw error;
      }
      const after = await both();
      if (before.join() === after.join()) return before[1] !== undefined;
    }
    throw this.busy("another program keeps writing to it. Close that program, or try again when it has finished.");
  }

  /**
   * Copies the file, if there is one, so that a changed copy may take its place. Returns a check that throws where
   * someone wrote to the file since.
   * @throws WarehouseError `warehouse-busy`, `not-a-warehouse`
   */
  async copyForChange(target: string, signal?: AbortSignal): Promise<() => Promise<void>> {
    const version = await this.storageVersion();
    if (await fingerprint(this.log)) await this.settleLog(version !== undefined);
    if (version !== undefined && version < NAMED_LOGS) await this.refuseWriters();
    const before = await fingerprint(this.path);
    if (before) await copy(this.path, target, signal);
    return async () => {
      if ((await fingerprint(this.path)) === before && !(await fingerprint(this.log))) return;
      throw this.busy("another program wrote to it meanwhile. Nothing was changed; load again when it has finished.");
    };
  }

  /** Lets DuckDB bring what a program left in the log into the file. */
  private async settleLog(exists: boolean): Promise<void> {
    const spill = temporarySpill();
    try {
      if (!exists) throw new Error("a log without its file");
      const session = await openSession({ file: this.path, readOnly: false, memoryLimit: this.memoryLimit, spill });
      try {
        await session.connection.run("CHECKPOINT");
      } finally {
        await session.close();
      }
    } catch (error) {
      throw this.busy(
        `${path.basename(this.log)} beside it holds changes that cannot be brought into it (${firstLine(error)}). Close ` +
          "the program that has the file open; if there is none, the log is of a file that was replaced: move it away.",
      );
    }
  }

  /** Old files take any log: a writer that stays open over a replacement would spoil the new file. */
  private async refuseWriters(): Promise<void> {
    const spill = temporarySpill();
    const options = { file: this.path, readOnly: true, memoryLimit: this.memoryLimit, spill };
    const session = await openSession(options).catch((error: unknown) => {
      throw this.busy(`${firstLine(error)}. Close the program that has the file open for writing.`);
    });
    await session.close();
  }
}
