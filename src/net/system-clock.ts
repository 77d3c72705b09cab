import { setTimeout } from "node:timers/promises";
import { Interrupted, throwIfAborted } from "../core/errors.ts";
import type { Clock } from "../ports.ts";

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    throwIfAborted(signal);
    try {
      await setTimeout(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      if (signal?.aborted) throw new Interrupted();
      throw error;
    }
  },
};
