import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { refine } from "../pipeline/refine.ts";
import type { Refined, RefineJob } from "../ports.ts";
import { errorOf, type Told } from "./message.ts";

/** More would only wait for the disk. */
const MOST_WORKERS = 4;

/** Bytes of archives below which a job is done at once: handing it over costs more than it takes. */
const SMALL = 256 * 1024;

interface Waiting {
  readonly job: RefineJob;
  readonly resolve: (refined: Refined) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads that refine, started when there is work for them. Which one does a job never shows in what comes out. */
export class WorkerPool {
  readonly #most: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #queue: Waiting[] = [];

  constructor(most: number = Math.min(MOST_WORKERS, availableParallelism())) {
    this.#most = most;
  }

  /** Starts every thread: they need a tenth of a second before they take a job. */
  prepare(): void {
    if (this.#most < 2) return;
    for (let count = this.#idle.length + this.#busy.size; count < this.#most; count++) {
      const worker = this.#start();
      worker.unref();
      this.#idle.push(worker);
    }
  }

  async refine(job: RefineJob): Promise<Refined> {
    const size = job.files.reduce((sum, { zip }) => sum + zip.length, 0);
    if (size < SMALL || this.#most < 2) return refine(job);
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.#most ? this.#start() : undefined);
      if (!worker) return;
      const waiting = this.#queue.shift() as Waiting;
      this.#busy.set(worker, waiting);
      worker.ref();
      worker.postMessage(
        waiting.job,
        waiting.job.files.map(({ zip }) => zip.buffer as ArrayBuffer),
      );
    }
  }

  #start(): Worker {
    // The command line runs optimised for size, which takes a fifth longer where processors are what is waited for.
    setFlagsFromString("--no-optimize-for-size");
    // Without it garbage may pile up to 8 MB in each thread, as it then does with the length of the work.
    setFlagsFromString("--heap-growing-percent=150");
    // Of a day's objects few survive: with more room they are looked for less often, and fewer lie about until everything is
    // searched; others' help only takes time from threads that are as many as the processors.
    setFlagsFromString("--min-semi-space-size=4");
    setFlagsFromString("--no-parallel-scavenge");
    const worker = new Worker(new URL("./worker.js", import.meta.url));
    worker.on("message", (told: Told) => this.#settle(worker, told));
    worker.on("error", (error) => this.#lose(worker, error));
    worker.on("exit", (code) => this.#lose(worker, new Error(`a worker ended with ${code}`)));
    return worker;
  }

  #settle(worker: Worker, told: Told): void {
    const waiting = this.#busy.get(worker);
    this.#busy.delete(worker);
    worker.unref();
    this.#idle.push(worker);
    this.#next();
    if (!waiting) return;
    if ("refined" in told) waiting.resolve(told.refined);
    else waiting.reject("failure" in told ? errorOf(told.failure) : new Error(told.bug));
  }

  /** A worker that dies takes its job with it, and is never used again. */
  #lose(worker: Worker, error: unknown): void {
    const place = this.#idle.indexOf(worker);
    if (place >= 0) this.#idle.splice(place, 1);
    const waiting = this.#busy.get(worker);
    this.#busy.delete(worker);
    waiting?.reject(error);
    this.#next();
  }

  /** Ends every thread; what they were doing is lost. */
  async close(): Promise<void> {
    const workers = [...this.#idle, ...this.#busy.keys()];
    this.#idle.length = 0;
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
