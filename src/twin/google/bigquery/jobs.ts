import { randomUUID } from "node:crypto";
import { dayOf } from "../../../core/time.ts";
import { label, type TableName } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { locationNamed } from "./datasets.ts";
import { duplicate, Failure, invalid, notFound } from "./failure.ts";
import { type Job, type JobKind, jobResource } from "./job.ts";
import { type Json, objectOf, textOf } from "./json.ts";
import { nextToken, windowOf } from "./pages.ts";

/** How jobs behave; may be changed while they run. */
export interface JobManners {
  /** How often a job is asked after before it is done. Its effect shows with the answer that says so, all at once. */
  polls: number;
  /**
   * What ends a job in place of its work: `backendError`, `internalError`, … The job counts from 1.
   * undefined lets it work.
   */
  die: (job: number, kind: JobKind) => string | undefined;
  /** Load and copy jobs that a table takes in a day of the clock, failed ones included. */
  perTable: number;
}

/** Source: BigQuery's quotas, table modifications a day. */
const TABLE_JOBS = 1_500;
const MOST = 1_000;
const ID = /^[A-Za-z0-9_-]{1,1024}$/;

const MESSAGES: Readonly<Record<string, string>> = {
  backendError: "Error encountered during execution. Retrying may solve the problem.",
  internalError: "An internal error occurred and the request could not be completed. Error: 80038528",
  stopped: "Job execution was cancelled: User requested cancellation",
};

export interface NewJob {
  readonly kind: JobKind;
  readonly project: string;
  readonly id: string;
  readonly location: string;
  readonly configuration: Json;
  readonly user: string;
  /** The table whose modifications are counted. */
  readonly destination: TableName | undefined;
  /** Its effect. @returns its statistics @throws Failure */
  readonly work: (job: Job) => Promise<Json>;
}

/** The jobs that there ever were. */
export class Jobs {
  readonly manners: JobManners;
  readonly #context: Context;
  readonly #jobs = new Map<string, Job>();
  readonly #requests = new Map<string, Job>();
  readonly #modified = new Map<string, number>();

  constructor(context: Context, manners: Partial<JobManners>) {
    this.#context = context;
    this.manners = { polls: 0, die: () => undefined, perTable: TABLE_JOBS, ...manners };
  }

  /** An id as the client chose it, or a new one. @throws Failure */
  idOf(reference: Json): string {
    const id = textOf(reference["jobId"]);
    if (id === undefined) return `job_${randomUUID().replaceAll("-", "")}`;
    if (ID.test(id)) return id;
    throw invalid(
      `Invalid job ID "${id}". Job IDs must be alphanumeric (plus underscores and dashes) and must be at most 1024 characters long.`,
    );
  }

  /** Refuses an id that was ever used, whatever became of its job. @throws Failure */
  checkNew(project: string, location: string, id: string): void {
    if (this.#jobs.has(key(project, location, id))) throw duplicate(`Job ${project}:${location}.${id}`);
  }

  /** Takes a job on; one that takes no time has had its effect when this resolves. @throws Failure */
  async start({ kind, project, id, location, configuration, user, destination, work }: NewJob): Promise<Job> {
    this.checkNew(project, location, id);
    const number = this.#jobs.size + 1;
    const job: Job = {
      kind,
      project,
      id,
      location,
      configuration,
      user,
      created: this.#context.now(),
      state: "PENDING",
      polls: this.manners.polls,
      statistics: {},
      failure: undefined,
      ended: undefined,
      result: undefined,
      work: async () => {
        const reason = this.manners.die(number, kind);
        if (reason !== undefined) throw new Failure(reason, MESSAGES[reason] ?? `The job failed: ${reason}`);
        if (destination !== undefined) this.#count(destination);
        return work(job);
      },
    };
    this.#jobs.set(key(project, location, id), job);
    if (job.polls === 0) await this.#finish(job);
    return job;
  }

  /** A job that is asked after, which brings it one step on. @throws Failure */
  async poll({ project, path, query }: Request): Promise<Job> {
    const job = this.#find(project, path["job"] ?? "", query.get("location"));
    if (job.state !== "DONE") {
      if (job.polls > 0) {
        job.polls--;
        job.state = "RUNNING";
      } else {
        await this.#finish(job);
      }
    }
    return job;
  }

  /** The query that a request started which is sent once more. */
  requested(project: string, request: string): Job | undefined {
    return this.#requests.get(`${project} ${request}`);
  }

  remember(project: string, request: string, job: Job): void {
    this.#requests.set(`${project} ${request}`, job);
  }

  cancel({ project, path, query }: Request): Job {
    const job = this.#find(project, path["job"] ?? "", query.get("location"));
    if (job.state !== "DONE") this.#fail(job, new Failure("stopped", MESSAGES["stopped"] ?? ""));
    return job;
  }

  delete({ project, path, query }: Request): void {
    const job = this.#find(project, path["job"] ?? "", query.get("location"));
    if (job.state !== "DONE")
      throw invalid(`Cannot delete the job ${project}:${job.location}.${job.id}: it is running.`);
    job.hidden = true;
  }

  list({ project, query, base }: Request): Json {
    const states = query.getAll("stateFilter").map((state) => state.toUpperCase());
    const full = query.get("projection") === "full";
    const earliest = Number(query.get("minCreationTime") ?? 0);
    const latest = Number(query.get("maxCreationTime") ?? Number.POSITIVE_INFINITY);
    const all = [...this.#jobs.values()]
      .filter((job) => job.project === project && !job.hidden && (states.length === 0 || states.includes(job.state)))
      .filter(({ created }) => created >= earliest && created <= latest)
      .reverse();
    const window = windowOf(query, MOST);
    const jobs = all.slice(window.start, window.start + window.size).map((job) => {
      const { configuration, ...resource } = jobResource(job, base);
      const { jobType } = objectOf(configuration);
      const shown = full ? configuration : { jobType };
      return {
        ...resource,
        configuration: shown,
        state: job.state,
        ...(job.failure ? { errorResult: errorOf(job) } : {}),
      };
    });
    const { pageToken } = nextToken(window, all.length);
    return { kind: "bigquery#jobList", jobs, ...(pageToken ? { nextPageToken: pageToken } : {}) };
  }

  /** Jobs of multi-regions are found without their location, others are not. */
  #find(project: string, id: string, location: string | null): Job {
    const places = location ? [locationNamed(location)] : ["US", "EU"];
    for (const place of places) {
      const job = this.#jobs.get(key(project, place, id));
      if (job !== undefined && !job.hidden) return job;
    }
    throw notFound(`Job ${project}:${location ? `${locationNamed(location)}.` : ""}${id}`);
  }

  async #finish(job: Job): Promise<void> {
    try {
      job.statistics = await job.work();
      this.#end(job);
    } catch (error) {
      this.#fail(job, error);
    }
  }

  #fail(job: Job, error: unknown): void {
    if (!(error instanceof Failure)) throw error;
    job.failure = error;
    this.#end(job);
  }

  #end(job: Job): void {
    job.state = "DONE";
    job.ended = this.#context.now();
  }

  #count(table: TableName): void {
    const name = `${dayOf(this.#context.now())} ${label(table)}`;
    const count = (this.#modified.get(name) ?? 0) + 1;
    this.#modified.set(name, count);
    if (count <= this.manners.perTable) return;
    throw new Failure(
      "quotaExceeded",
      "Quota exceeded: Your table exceeded quota for imports or query appends per table. For more information, see https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
    );
  }
}

const key = (project: string, location: string, id: string): string => `${project} ${location} ${id}`;

const errorOf = ({ failure }: Job): Json => ({ reason: failure?.reason, message: failure?.message });
