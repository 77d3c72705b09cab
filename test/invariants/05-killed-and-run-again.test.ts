import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { TemporaryFolder } from "../fakes/folder.ts";
import { rehearse } from "../fakes/rehearsal.ts";
import { remainsOf } from "../fakes/remains.ts";

const CHILD = fileURLToPath(new URL("../fakes/rehearsal-child.ts", import.meta.url));

/** Ends by itself, or kills itself before its n-th change. */
function child(data: string, kill: string): { signal: string | null; changes: string[] } {
  const rehearsal = JSON.stringify({ data, hours: 34, version: 0 });
  const { signal, stdout } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", CHILD, rehearsal, kill],
    {
      encoding: "utf8",
    },
  );
  return { signal, changes: stdout.split("\n") };
}

// Every change in turn is test/integration/crash-process.test.ts; here is one of each phase.
test("invariant 5: killed while it fetches, derives or loads, and run again, it ends as if nothing had happened", async () => {
  using folder = new TemporaryFolder();
  const { changes, signal } = child(folder.join("whole"), "Infinity");
  assert.equal(signal, null);
  const expected = await remainsOf(folder.join("whole"));
  const lastSync = changes.lastIndexOf("syncFolders");
  for (const n of [10, lastSync - 12, lastSync, changes.indexOf("commit"), changes.indexOf("rename", lastSync)]) {
    const data = folder.join(`killed-${n}`);
    assert.equal(child(data, String(n)).signal, "SIGKILL", `${n} ${changes[n]}`);
    await rehearse({ data, hours: 34, version: 0 });
    assert.deepEqual(await remainsOf(data), expected, `${n} ${changes[n]}`);
  }
});
