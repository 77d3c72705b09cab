// What a worker does: jobs in, partitions out.
import { parentPort } from "node:worker_threads";
import { DataError } from "../core/errors.ts";
import { refine } from "../pipeline/refine.ts";
import type { Refined, RefineJob } from "../ports.ts";
import type { Told } from "./message.ts";

const port = parentPort;
if (!port) throw new Error("this module is a worker's");

/** Finished files are handed over; nobody here needs them any more. */
const buffersOf = ({ days }: Refined): ArrayBuffer[] =>
  days.flatMap((day) => (day.kind === "finished" && day.object ? [day.object.bytes.buffer] : []));

port.on("message", (job: RefineJob) => {
  try {
    const refined = refine(job);
    // They came here to stay, and the collector would find them long after.
    for (const { zip } of job.files) (zip.buffer as ArrayBuffer).transfer(0);
    port.postMessage({ refined } satisfies Told, buffersOf(refined));
  } catch (error) {
    const told: Told =
      error instanceof DataError
        ? { failure: error.detail }
        : { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    port.postMessage(told);
  }
});
