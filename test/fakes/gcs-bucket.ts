import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../src/core/errors.ts";
import { SILENT } from "../../src/open.ts";
import type { Clock } from "../../src/ports.ts";
import { GcsBucket } from "../../src/stores/gcs.ts";
import type { OpenBucket } from "../contract/bucket.ts";

/** The machine's time, and nobody ever waits. */
export const hasty: Clock = {
  now: Date.now,
  async sleep(_, signal) {
    await setImmediate();
    throwIfAborted(signal);
  },
};

/** The adapter, at an address that is not Google's. */
export const gcsBucket: OpenBucket = ({ endpoint, name, root }) =>
  new GcsBucket({ name, root, access: { endpoint, project: "demo" }, log: SILENT, clock: hasty, silence: 3_000 });
