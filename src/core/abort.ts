import { Interrupted } from "./errors.ts";

/** The work's result, or at once `Interrupted` when the signal aborts; what the work comes to then is nobody's business. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Interrupted());
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Aborts `pause` milliseconds after `signal`: for what should come to its end, and must not be waited for without one. */
export function later(signal: AbortSignal | undefined, pause: number): AbortSignal | undefined {
  if (!signal) return undefined;
  const controller = new AbortController();
  const wait = () => void setTimeout(() => controller.abort(), pause).unref();
  if (signal.aborted) wait();
  else signal.addEventListener("abort", wait, { once: true });
  return controller.signal;
}
