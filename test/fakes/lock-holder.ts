// A process that takes a lake's lock some times and writes down when it has it:
// lock-holder.ts ROOT LOG TIMES HOLD, the last in milliseconds; HOLD "forever" keeps it until the process is killed.
import * as fs from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { AppError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import type { LakeLock } from "../../src/ports.ts";
import { lockLake } from "../../src/stores/lock.ts";

const [root = "", log = "", times = "1", hold = "0"] = process.argv.slice(2);

async function take(): Promise<LakeLock> {
  for (;;) {
    try {
      return await lockLake(root, "candlelake rehearsal", systemClock);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "lake-busy") throw error;
    }
  }
}

for (let i = 0; i < Number(times); i++) {
  const lock = await take();
  fs.appendFileSync(log, `begin ${process.pid}\n`);
  if (hold === "forever") {
    process.stdout.write("held\n");
    await setTimeout(2 ** 31 - 1);
  }
  await setTimeout(Number(hold));
  fs.appendFileSync(log, `end ${process.pid}\n`);
  await lock.release();
}
