// What a worker does: jobs in, partitions out.
import { parentPort } from "node:worker_threads";
import { DataError } from "../core/errors.ts";
import { refine } from "../pipeline/refine.ts";
import type { Refined } from "../ports.ts";
import type { Ask, Told } from "./message.ts";

const port = parentPort;
if (!port) throw new Error("this module is a worker's");

/** Finished files are handed over; nobody here needs them any more. */
const buffersOf = ({ days }: Refined): ArrayBuffer[] =>
  days.flatMap((day) => (day.kind === "finished" && day.object ? [day.object.bytes.buffer] : []));

port.on("message", ({ id, job }: Ask) => {
  try {
    const refined = refine(job);
    port.postMessage({ id, refined } satisfies Told, buffersOf(refined));
  } catch (error) {
    const told: Told =
      error instanceof DataError
        ? { id, failure: error.detail }
        : { id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    port.postMessage(told);
  }
});
