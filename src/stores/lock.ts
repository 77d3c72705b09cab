import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { StoreError } from "../core/errors.ts";
import { iso, MINUTE, SECOND } from "../core/time.ts";
import type { Clock, LakeLock } from "../ports.ts";
import { DISK, mkdirs } from "./disk.ts";
import { diskError } from "./file.ts";

const FOLDER = "_lock";
/** Ends the name of a candidate's file until it is whole. */
const UNFINISHED = ".new";
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

/** What the kernel tells of a process, where it has such a file: fields 3 and 22 of proc(5), by their names there. */
function statOf(pid: number): { readonly state: string; readonly starttime: string } | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // Counted after the command's closing bracket: it may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", starttime: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

const startOf = (pid: number): string => statOf(pid)?.starttime ?? "";

/** Killed, and kept in the kernel's table only until its parent asks how it ended: some never do. */
const isZombie = (pid: number): boolean => ["Z", "X"].includes(statOf(pid)?.state ?? "");

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !isZombie(pid);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isAlive(holder: Holder, file: string): boolean {
  if (holder.host !== os.hostname()) {
    const touched = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    return touched !== undefined && Date.now() - touched < SILENCE;
  }
  if (!isRunning(holder.pid)) return false;
  const started = startOf(holder.pid);
  return started === "" || holder.started === "" || started === holder.started;
}

/** Who put a file down; undefined where it is gone by now, or was cut by a power failure before it said anything. */
function readHolder(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(fs.readFileSync(file, "utf8")) as Holder;
    const texts = [holder.host, holder.started, holder.since, holder.command];
    const whole = Number.isSafeInteger(holder.pid) && holder.pid > 0 && texts.every((text) => typeof text === "string");
    return whole ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** A file that nobody puts in place any more. One of another machine's may be: that candidate then tries again. */
const isForsaken = (name: string): boolean => name.endsWith(UNFINISHED) && !isRunning(Number.parseInt(name, 10));

/** The living holders but `own`; files of dead ones are removed. */
function others(folder: string, own: string): Holder[] {
  const living: Holder[] = [];
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    if (isForsaken(name)) fs.rmSync(file, { force: true });
    if (name === own || !name.endsWith(".json")) continue;
    const holder = readHolder(file);
    if (holder && isAlive(holder, file)) living.push(holder);
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

/** A command that was refused leaves no folder behind: those from `folder` up to `top` go, unless something is in them. */
function removeEmpty(folder: string, top: string): void {
  try {
    fs.rmdirSync(folder);
  } catch {
    // Not empty, or not ours to remove.
    return;
  }
  if (folder !== top && folder.startsWith(top)) removeEmpty(path.dirname(folder), top);
}

/** The uppermost of a folder and its parents that is not there; undefined where all are. */
function firstMissing(folder: string): string | undefined {
  if (fs.existsSync(folder)) return undefined;
  return firstMissing(path.dirname(folder)) ?? folder;
}

/** Gives up one's own candidature, as far as the disk allows it. */
function withdraw(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // The process ends soon, and with it the file's say.
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
  /** The uppermost folder that there was not before. */
  let made: string | undefined;
  for (let tries = 0; ; tries++) {
    if (tries > 0) await clock.sleep(50 + Math.random() * 200, signal);
    let rival: Holder | undefined;
    try {
      made ??= firstMissing(folder);
      // Node's own way to make parents calls a read-only disk a missing folder.
      mkdirs(DISK, folder);
      fs.writeFileSync(`${file}${UNFINISHED}`, JSON.stringify(holder));
      fs.renameSync(`${file}${UNFINISHED}`, file);
      [rival] = others(folder, name);
    } catch (error) {
      // The last holder took the empty folder away in between; where that lasts, there can be none.
      const again = (error as NodeJS.ErrnoException).code === "ENOENT" && Date.now() < deadline;
      if (again) continue;
      withdraw(file);
      throw diskError(error, folder);
    }
    if (!rival) break;
    fs.rmSync(file, { force: true });
    if (Date.now() > deadline) throw busy(rival, root);
  }
  const beat = setInterval(() => fs.utimes(file, new Date(), new Date(), () => undefined), HEARTBEAT);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      fs.rmSync(file, { force: true });
      const lake = path.resolve(root);
      removeEmpty(folder, made && lake.startsWith(made) ? made : lake);
    },
  };
}
