import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { remainsOf } from "../fakes/remains.ts";

const CLI = fileURLToPath(new URL("../../bin/candlelake.js", import.meta.url));
const KILLS = 50;
const KILLS_A_LAKE = 5;
/** Another seed, other moments. */
const SEED = 20_250_130;

const CONFIG = {
  data: "data",
  series: [
    { market: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-29" },
    { market: "futures", symbol: "ETHUSDT", interval: "1h", from: "2025-01-29" },
  ],
};

/** Numbers in [0, 1), the same every time. */
function* dice(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** `candlelake run` in a folder, killed after some milliseconds where they are given. */
async function run(folder: string, twin: Twin, compiled: string, killAfter?: number): Promise<string | number | null> {
  const child = spawn(process.execPath, [CLI, "run", "--quiet", "--no-progress"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env["PATH"], ...twin.settings, NODE_COMPILE_CACHE: compiled },
  });
  const closed = once(child, "close");
  if (killAfter !== undefined) {
    await Promise.race([setTimeout(killAfter), closed]);
    child.kill("SIGKILL");
  }
  const [code, signal] = await closed;
  return signal ?? code;
}

test(`${KILLS} kills of candlelake run at any moment, and it ends as if nothing had happened`, async () => {
  using folder = new TemporaryFolder("memory");
  const twin = await startTwin({ now: Date.UTC(2025, 0, 31, 10, 7), limits: false });
  try {
    const place = (name: string): string => {
      fs.mkdirSync(folder.join(name));
      fs.writeFileSync(folder.join(name, "candlelake.config.json"), JSON.stringify(CONFIG));
      return folder.join(name);
    };
    const go = (lake: string, killAfter?: number) => run(lake, twin, folder.join("compiled"), killAfter);
    // The first run warms the compile cache; the second tells how long one takes.
    assert.equal(await go(place("warm")), 0);
    const whole = place("whole");
    const begun = performance.now();
    assert.equal(await go(whole), 0);
    const length = performance.now() - begun;
    const expected = await remainsOf(`${whole}/data`, true);

    const roll = dice(SEED);
    let killed = 0;
    const torment = async (name: string): Promise<void> => {
      const lake = place(name);
      for (let i = 0; i < KILLS_A_LAKE; i++) {
        if ((await go(lake, roll.next().value * length)) === "SIGKILL") killed++;
      }
      assert.equal(await go(lake), 0, name);
      assert.deepEqual(await remainsOf(`${lake}/data`, true), expected, name);
    };
    for (let i = 0; i < KILLS / KILLS_A_LAKE; i += 2)
      await Promise.all([torment(`lake ${i}`), torment(`lake ${i + 1}`)]);
    assert.ok(killed > 0, "none had ended by itself before it was killed");
  } finally {
    await twin.close();
  }
});
