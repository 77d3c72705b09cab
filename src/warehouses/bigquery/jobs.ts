import { MINUTE } from "../../core/time.ts";
import type { Api } from "./api.ts";
import { statusOf } from "./api.ts";
import type { ApiError, Job } from "./wire.ts";

/** A moment at which a run may be killed; what the test's function throws ends the load there. */
export type Step = "insert" | "wait" | "verify" | "stage" | "copy" | "drop" | "ledger" | "done";
export type OnStep = (step: Step) => void | Promise<void>;

/** A job that is asked for by a name of its own, so that asking twice is asking once. */
export interface JobRequest {
  readonly id: string;
  readonly configuration: object;
  /** NDJSON that goes with a load job. */
  readonly media?: string;
  /** `load spot_klines 2025-01`; for messages. */
  readonly doing: string;
  /** Told of a job that this run has started, also where nobody waits for its end. */
  readonly started?: () => void;
}

export interface Settled {
  readonly job: Job;
  /** The job was there before it was asked for: an earlier run, or a lost answer. */
  readonly found: boolean;
  /** This very run started it, as far as can be told where the answer got lost. */
  readonly own: boolean;
  readonly failure: ApiError | undefined;
}

/** Milliseconds between two looks at a job; the last one stays. */
const POLLS = [200, 300, 500, 800, 1_200, 2_000, 3_000, 5_000];

/** Milliseconds by which Google's clock and this machine's may differ. */
const CLOCKS = MINUTE;

interface JobPage {
  readonly jobs?: readonly Job[];
  readonly nextPageToken?: string;
}

/** Jobs of one location. */
export class Jobs {
  private readonly api: Api;
  private readonly location: string;
  private readonly onStep: OnStep;

  constructor(api: Api, location: string, onStep: OnStep) {
    this.api = api;
    this.location = location;
    this.onStep = onStep;
  }

  /**
   * Starts the job, or finds it, and waits for its end; `failure` says how it failed. An abort leaves the job running.
   * @throws WarehouseError, Interrupted
   */
  async settle({ id, configuration, media, doing, started }: JobRequest, signal?: AbortSignal): Promise<Settled> {
    const jobReference = { projectId: this.api.project, jobId: id, location: this.location };
    await this.onStep("insert");
    const asked = this.api.clock.now();
    let job: Job;
    let found = false;
    let repeated = false;
    const onRepeat = () => {
      repeated = true;
    };
    try {
      const upload = media === undefined ? {} : { media };
      const body = { jobReference, configuration };
      job = await this.api.attempt<Job>({ method: "POST", path: "jobs", body, doing, ...upload }, signal, onRepeat);
    } catch (error) {
      if (statusOf(error) !== 409) throw this.api.translate(error, doing);
      found = true;
      job = await this.look(id, doing, signal);
    }
    const own = !found || (repeated && Number(job.statistics?.creationTime) > asked - CLOCKS);
    if (own) started?.();
    await this.onStep("wait");
    job = await this.wait(job, doing, signal);
    return { job, found, own, failure: job.status.errorResult };
  }

  /** A job that has ended, or does so while it is waited for; undefined where there was none. @throws WarehouseError */
  async find(id: string, doing: string, signal?: AbortSignal): Promise<Job | undefined> {
    const { location } = this;
    const request = { method: "GET", path: `jobs/${id}`, query: { location }, doing } as const;
    const job = await this.api.callOr<Job, undefined>(request, 404, undefined, signal);
    return job && this.wait(job, doing, signal);
  }

  /** What the job would do, without doing it. @throws what the client throws */
  dryRun(configuration: object, doing: string, signal?: AbortSignal): Promise<Job> {
    const jobReference = { projectId: this.api.project, location: this.location };
    const body = { jobReference, configuration: { ...configuration, dryRun: true } };
    return this.api.attempt<Job>({ method: "POST", path: "jobs", body, doing }, signal);
  }

  /** Ends a job that nobody waits for any more; a job that has ended by itself does not mind. */
  async cancel(id: string): Promise<void> {
    const { location } = this;
    await this.api.call({ method: "POST", path: `jobs/${id}/cancel`, query: { location }, doing: `cancel job ${id}` });
  }

  /** Jobs of the same user that were made since; undefined where he may not list them. @throws WarehouseError */
  async since(time: number, doing: string): Promise<readonly Job[] | undefined> {
    const jobs: Job[] = [];
    const asked = { projection: "full", minCreationTime: String(time), maxResults: "1000" };
    let pageToken: string | undefined;
    do {
      const query = pageToken ? { ...asked, pageToken } : asked;
      const request = { method: "GET", path: "jobs", query, doing } as const;
      const page = await this.api.callOr<JobPage, undefined>(request, 403, undefined);
      if (!page) return undefined;
      jobs.push(...(page.jobs ?? []));
      pageToken = page.nextPageToken;
    } while (pageToken);
    return jobs;
  }

  private async wait(begun: Job, doing: string, signal?: AbortSignal): Promise<Job> {
    let job = begun;
    for (let i = 0; job.status.state !== "DONE"; i++) {
      await this.api.clock.sleep(POLLS[Math.min(i, POLLS.length - 1)] as number, signal);
      job = await this.look(job.jobReference.jobId, doing, signal);
    }
    return job;
  }

  private look(id: string, doing: string, signal?: AbortSignal): Promise<Job> {
    const { location } = this;
    return this.api.call<Job>({ method: "GET", path: `jobs/${id}`, query: { location }, doing }, signal);
  }
}
