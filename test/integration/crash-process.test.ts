import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { TemporaryFolder } from "../fakes/folder.ts";
import { type Rehearsal, rehearse } from "../fakes/rehearsal.ts";
import { remainsOf } from "../fakes/remains.ts";

const CHILD = fileURLToPath(new URL("../fakes/rehearsal-child.ts", import.meta.url));
/** As many as there are processors to spare. */
const AT_ONCE = 2;

let folder: TemporaryFolder;
before(() => {
  folder = new TemporaryFolder("memory");
});
after(() => folder[Symbol.dispose]());

/** Runs the child; a number is the change before which it kills itself. */
async function run(rehearsal: Rehearsal, kill?: number): Promise<{ signal: string | null; changes: string[] }> {
  const args = ["--disable-warning=ExperimentalWarning", CHILD, JSON.stringify(rehearsal)];
  const child = spawn(process.execPath, kill === undefined ? args : [...args, String(kill)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: folder.join("compiled") },
  });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  const [code, signal] = await once(child, "close");
  assert.ok(signal === "SIGKILL" || code === 0, `exit code ${code}`);
  return { signal, changes: out.split("\n") };
}

const scenes: Record<
  string,
  { readonly begun: Omit<Rehearsal, "data"> | null; readonly run: Omit<Rehearsal, "data"> }
> = {
  "a first run": { begun: null, run: { hours: 22, version: 0 } },
  "a run that ends and corrects an open day, and begins another": {
    begun: { hours: 22, version: 0 },
    run: { hours: 34, version: 1 },
  },
};

describe("a process is killed before each of its changes of disk and warehouse, and another one goes on", () => {
  for (const [name, scene] of Object.entries(scenes)) {
    it(name, async () => {
      const place = (label: string) => folder.join(`${name} ${label}`);
      const begun = place("begun");
      fs.mkdirSync(begun);
      if (scene.begun) await rehearse({ data: begun, ...scene.begun });
      const copy = (label: string): Rehearsal => {
        fs.cpSync(begun, place(label), { recursive: true, preserveTimestamps: true });
        return { data: place(label), ...scene.run };
      };
      const whole = copy("whole");
      const { changes, signal } = await run(whole);
      assert.equal(signal, null);
      for (const kind of [
        "writeFile",
        "rename",
        "syncFolders",
        "copy",
        "commit",
        "checkpoint",
        "sync-folder",
        "clean",
      ]) {
        assert.ok(changes.includes(kind), kind);
      }
      const expected = await remainsOf(whole.data);

      const killed = async (n: number): Promise<void> => {
        const at = `${name}, killed before change ${n} of ${changes.length}, ${changes[n]}`;
        const left = copy(String(n));
        assert.equal((await run(left, n)).signal, "SIGKILL", at);
        await rehearse(left);
        assert.deepEqual(await remainsOf(left.data), expected, at);
        fs.rmSync(left.data, { recursive: true });
      };
      const waiting = changes.keys().toArray();
      const worker = async (): Promise<void> => {
        for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) await killed(n);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    });
  }
});
