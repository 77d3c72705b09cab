import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { StoreError } from "../core/errors.ts";
import { iso, MINUTE, SECOND } from "../core/time.ts";
import type { Clock, LakeLock } from "../ports.ts";
import { diskError } from "./file.ts";

const FOLDER = "_lock";
/** A holder on another machine cannot be asked; its file must have been touched within this time. */
const HEARTBEAT = 15 * SECOND;
const SILENCE = 5 * MINUTE;
const WAIT = 3 * SECOND;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one with the same number: the start time in kernel ticks, where it can be had. */
  readonly started: string;
  readonly since: string;
  readonly command: string;
}

const startOf = (pid: number): string => {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22, counted after the command's closing bracket (it may hold spaces): proc(5).
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
};

function isAlive(holder: Holder, file: string): boolean {
  if (holder.host !== os.hostname()) {
    const touched = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    return touched !== undefined && Date.now() - touched < SILENCE;
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const started = startOf(holder.pid);
  return started === "" || holder.started === "" || started === holder.started;
}

/** The living holders but `own`; files of dead ones are removed. */
function others(folder: string, own: string): Holder[] {
  const living: Holder[] = [];
  for (const name of fs.readdirSync(folder)) {
    if (name === own || !name.endsWith(".json")) continue;
    const file = path.join(folder, name);
    let holder: Holder;
    try {
      holder = JSON.parse(fs.readFileSync(file, "utf8")) as Holder;
    } catch {
      // Gone in between, or cut by a power failure before it said anything.
      fs.rmSync(file, { force: true });
      continue;
    }
    if (isAlive(holder, file)) living.push(holder);
    else fs.rmSync(file, { force: true });
  }
  return living;
}

function busy(holder: Holder, root: string): StoreError {
  const where = holder.host === os.hostname() ? "" : ` on ${holder.host}`;
  return new StoreError(
    "lake-busy",
    `${root} is being written to by process ${holder.pid}${where} (${holder.command}) since ${holder.since}. Wait for it to end.`,
    "candlelake status",
    { retryable: true },
  );
}

/** A command that was refused leaves no folder behind; one with anything in it stays. */
function removeEmpty(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch {
    // Not empty, or not ours to remove.
  }
}

/**
 * The right to write to the lake in `root`. Each candidate first puts down a file of its own and then looks for others':
 * of two that come at once at least one sees the other, so that never two hold it. A dead holder's file counts for
 * nothing.
 * @throws StoreError `lake-busy` naming who holds it since when, after a short wait
 */
export async function lockLake(root: string, command: string, clock: Clock, signal?: AbortSignal): Promise<LakeLock> {
  const folder = path.join(path.resolve(root), FOLDER);
  const name = `${process.pid}-${randomBytes(6).toString("hex")}.json`;
  const file = path.join(folder, name);
  const holder: Holder = {
    pid: process.pid,
    host: os.hostname(),
    started: startOf(process.pid),
    since: iso(Date.now()),
    command,
  };
  const deadline = Date.now() + WAIT;
  for (;;) {
    let rival: Holder | undefined;
    try {
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(`${file}.new`, JSON.stringify(holder));
      fs.renameSync(`${file}.new`, file);
      [rival] = others(folder, name);
    } catch (error) {
      // The last holder took the empty folder away in between.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw diskError(error, folder);
    }
    if (!rival) break;
    fs.rmSync(file, { force: true });
    if (Date.now() > deadline) throw busy(rival, root);
    await clock.sleep(50 + Math.random() * 200, signal);
  }
  const beat = setInterval(() => fs.utimes(file, new Date(), new Date(), () => undefined), HEARTBEAT);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      fs.rmSync(file, { force: true });
      removeEmpty(folder);
      removeEmpty(path.resolve(root));
    },
  };
}
