import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import process from "node:process";
import { describe, it, test } from "node:test";
import { fileURLToPath } from "node:url";
import { StoreError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import type { Clock } from "../../src/ports.ts";
import { lockLake } from "../../src/stores/lock.ts";
import { TemporaryFolder } from "../fakes/folder.ts";

const HOLDER = fileURLToPath(new URL("../fakes/lock-holder.ts", import.meta.url));
const CLI = fileURLToPath(new URL("../../bin/candlelake.js", import.meta.url));
const take = (root: string, clock: Clock = systemClock) => lockLake(root, "candlelake run", clock);

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { stdio: ["ignore", "pipe", "pipe"] });

/** Exit code and both streams of a process that ends by itself. */
async function ended(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let [out, err] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, "close");
  return { code, out, err };
}

/** A process that holds the lock of a lake until it is killed. */
async function holding(folder: TemporaryFolder): Promise<ChildProcess> {
  const child = start(HOLDER, folder.join("lake"), folder.join("log"), "1", "forever");
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

/** A lock file such as another process would have put down. */
function put(folder: TemporaryFolder, name: string, content: unknown): string {
  fs.mkdirSync(folder.join("lake", "_lock"), { recursive: true });
  const file = folder.join("lake", "_lock", name);
  fs.writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

/** A lock file of this very process. */
const holder = { pid: process.pid, host: os.hostname(), started: "", since: "2025-01-01T00:00:00.000Z", command: "x" };

test("a lock that is let go leaves nothing behind, and can be taken again", async () => {
  using folder = new TemporaryFolder();
  for (let i = 0; i < 3; i++) {
    const lock = await take(folder.join("lake"));
    assert.equal(fs.readdirSync(folder.join("lake", "_lock")).length, 1);
    await lock.release();
    assert.deepEqual(fs.readdirSync(folder.path), []);
  }
});

test("a holder that was killed and that nobody asks how it ended holds nothing", async (context) => {
  if (process.platform !== "linux") return context.skip("only Linux tells of such processes");
  using folder = new TemporaryFolder();
  const words = [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    HOLDER,
    folder.join("lake"),
    folder.join("log"),
  ];
  // The shell starts the holder and becomes another program, which knows nothing of a child.
  const parent = spawn("sh", ["-c", '"$@" & exec sleep 60', "sh", ...words, "1", "forever"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    await once(parent.stdout as NodeJS.ReadableStream, "data");
    const [name = ""] = fs.readdirSync(folder.join("lake", "_lock"));
    const { pid } = JSON.parse(fs.readFileSync(folder.join("lake", "_lock", name), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    const state = () => /\) (\w) /.exec(fs.readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
    while (state() !== "Z") await systemClock.sleep(10);
    await (await take(folder.join("lake"))).release();
    assert.equal(state(), "Z");
  } finally {
    parent.kill();
  }
});

test("what is in the lake stays when the lock is let go", async () => {
  using folder = new TemporaryFolder();
  const lock = await take(folder.join("lake"));
  fs.writeFileSync(folder.join("lake", "kept"), "");
  await lock.release();
  assert.deepEqual(fs.readdirSync(folder.join("lake")), ["kept"]);
});

// Each of these waits for some seconds before it gives up: they do so together.
describe("who waits in vain is told why", { concurrency: true }, () => {
  it("a second process is told who holds the lake, and since when", async () => {
    using folder = new TemporaryFolder();
    const child = await holding(folder);
    try {
      await assert.rejects(take(folder.join("lake")), (error) => {
        assert.ok(error instanceof StoreError);
        assert.deepEqual([error.code, error.exitCode, error.retryable], ["lake-busy", 4, true]);
        const said = /written to by process (\d+) \(candlelake rehearsal\) since (\S+)\. Wait for it to end\.$/.exec(
          error.message,
        );
        assert.equal(Number(said?.[1]), child.pid);
        assert.ok(Math.abs(Date.parse(said?.[2] ?? "") - Date.now()) < 60_000);
        return true;
      });
    } finally {
      await kill(child);
    }
  });

  it("the command line says the same, and ends with 4", async () => {
    using folder = new TemporaryFolder();
    fs.mkdirSync(folder.join("data"));
    // Made data have a root of their own, and so a lock of their own.
    fs.symlinkSync(folder.join("lake"), folder.join("data", "synthetic"));
    fs.mkdirSync(folder.join("lake"));
    const child = await holding(folder);
    try {
      const words = [
        "ingest",
        "spot",
        "--symbol",
        "BTCUSDT",
        "--date",
        "2025-01-01",
        "--synthetic",
        "--format",
        "json",
      ];
      const { code, out, err } = await ended(start(CLI, ...words, "--data", folder.join("data")));
      assert.equal(code, 4, err);
      assert.equal(JSON.parse(out).error.code, "lake-busy");
      assert.match(err, new RegExp(`process ${child.pid} `));
    } finally {
      await kill(child);
    }
  });

  it("a holder on another machine is believed while it is heard of, and not much longer", async () => {
    using folder = new TemporaryFolder();
    const far = { ...holder, pid: 1, host: "elsewhere" };
    const file = put(folder, "1-abc.json", far);
    await assert.rejects(take(folder.join("lake")), /by process 1 on elsewhere/);
    const longAgo = new Date(Date.now() - 6 * 60_000);
    fs.utimesSync(file, longAgo, longAgo);
    await (await take(folder.join("lake"))).release();
  });

  it("a lake that leads nowhere is a refusal, not an endless wait", async () => {
    using folder = new TemporaryFolder();
    fs.symlinkSync(folder.join("nowhere"), folder.join("lake"));
    await assert.rejects(take(folder.join("lake")), { code: "folder-gone", exitCode: 4 });
  });
});

test("a killed holder's lock counts for nothing", async () => {
  using folder = new TemporaryFolder();
  await kill(await holding(folder));
  assert.equal(fs.readdirSync(folder.join("lake", "_lock")).length, 1);
  const lock = await take(folder.join("lake"));
  assert.equal(fs.readdirSync(folder.join("lake", "_lock")).length, 1);
  await lock.release();
});

test("eight processes at once hold it one after the other", async () => {
  using folder = new TemporaryFolder();
  const log = folder.join("log");
  const children = Array.from({ length: 8 }, () => start(HOLDER, folder.join("lake"), log, "3", "5"));
  for (const { code, err } of await Promise.all(children.map(ended))) assert.equal(code, 0, err);
  const lines = fs.readFileSync(log, "utf8").trim().split("\n");
  assert.equal(lines.length, 8 * 3 * 2);
  for (let i = 0; i < lines.length; i += 2) {
    const [, pid] = /^begin (\d+)$/.exec(lines[i] as string) ?? [];
    assert.ok(pid, lines[i]);
    assert.equal(lines[i + 1], `end ${pid}`);
  }
  assert.deepEqual(fs.readdirSync(folder.path), ["log"]);
});

const garbage: Record<string, unknown> = {
  "an empty file": "",
  "no JSON": "not JSON at all",
  "a cut file": '{"pid":1,"host":"',
  null: null,
  "a list": [],
  "a number": 7,
  "an empty object": {},
  "words for a number": { ...holder, pid: "1" },
  "process 0": { ...holder, pid: 0 },
  "a negative process": { ...holder, pid: -1 },
  "half a process": { ...holder, pid: 1.5 },
  "no host": { ...holder, host: undefined },
  "a host that is no word": { ...holder, host: 5 },
  "no command": { ...holder, command: null },
};
for (const [what, content] of Object.entries(garbage)) {
  test(`a lock file that holds ${what} is nobody's`, async () => {
    using folder = new TemporaryFolder();
    put(folder, "1-abc.json", content);
    const lock = await take(folder.join("lake"));
    assert.equal(fs.readdirSync(folder.join("lake", "_lock")).length, 1);
    await lock.release();
    assert.deepEqual(fs.readdirSync(folder.path), []);
  });
}

// Where the kernel tells no start times, a number is all there is, and it is taken for the holder.
if (fs.existsSync("/proc/self/stat")) {
  test("a later process that has a dead holder's number is not the holder", async () => {
    using folder = new TemporaryFolder();
    put(folder, "1-abc.json", { ...holder, started: "1" });
    await (await take(folder.join("lake"))).release();
  });
}

test("a file that a killed candidate never put in place is removed", async () => {
  using folder = new TemporaryFolder();
  const child = start("-e", "");
  await once(child, "close");
  put(folder, `${child.pid}-abc.json.new`, holder);
  await (await take(folder.join("lake"))).release();
  assert.deepEqual(fs.readdirSync(folder.path), []);
});

test("two of one process exclude each other too", async () => {
  using folder = new TemporaryFolder();
  const first = await take(folder.join("lake"));
  const second = take(folder.join("lake"));
  let has = false;
  const taken = second.then((lock) => {
    has = true;
    return lock;
  });
  await systemClock.sleep(300);
  assert.equal(has, false);
  await first.release();
  await (await taken).release();
});

test("waiting for the lock ends when it is asked to", async () => {
  using folder = new TemporaryFolder();
  const first = await take(folder.join("lake"));
  const controller = new AbortController();
  const waiting = lockLake(folder.join("lake"), "candlelake run", systemClock, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { code: "interrupted", exitCode: 130 });
  assert.equal(fs.readdirSync(folder.join("lake", "_lock")).length, 1);
  await first.release();
});

test("a lake that is a file is a refusal", async () => {
  using folder = new TemporaryFolder();
  fs.writeFileSync(folder.join("lake"), "");
  await assert.rejects(take(folder.join("lake")), { code: "not-a-folder", exitCode: 4 });
});
