// What a worker does: jobs in, partitions out.
import { parentPort } from "node:worker_threads";
import { DataError } from "../core/errors.ts";
import { refine } from "../pipeline/refine.ts";
import type { Refined, RefineJob } from "../ports.ts";
import type { Told } from "./message.ts";

const port = parentPort;
if (!port) throw new Error("this module is a worker's");

/** With finished files side by side in one piece of memory: it is handed over, and given back, at once. */
function packed(refined: Refined): { readonly refined: Refined; readonly buffers: ArrayBuffer[] } {
  const files = refined.days.flatMap((day) => (day.kind === "finished" && day.object ? [day.object.bytes] : []));
  const whole = new Uint8Array(files.reduce((sum, bytes) => sum + bytes.length, 0));
  let at = 0;
  const place = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
    const from = at;
    whole.set(bytes, from);
    at += bytes.length;
    bytes.buffer.transfer(0);
    return whole.subarray(from, at);
  };
  const days = refined.days.map((day) =>
    day.kind === "finished" && day.object ? { ...day, object: { ...day.object, bytes: place(day.object.bytes) } } : day,
  );
  return { refined: { ...refined, days }, buffers: [whole.buffer] };
}

port.on("message", (job: RefineJob) => {
  try {
    const refined = refine(job);
    // They came here to stay, and the collector would find them long after.
    for (const { zip } of job.files) (zip.buffer as ArrayBuffer).transfer(0);
    const whole = packed(refined);
    port.postMessage({ refined: whole.refined } satisfies Told, whole.buffers);
  } catch (error) {
    const told: Told =
      error instanceof DataError
        ? { failure: error.detail }
        : { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    port.postMessage(told);
  }
});
