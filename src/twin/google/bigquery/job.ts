import { etagOf } from "./datasets.ts";
import type { Failure } from "./failure.ts";
import type { Json } from "./json.ts";
import type { QueryResult } from "./query-job.ts";

export type JobKind = "LOAD" | "COPY" | "QUERY";

export interface Job {
  readonly kind: JobKind;
  readonly project: string;
  readonly id: string;
  readonly location: string;
  readonly configuration: Json;
  readonly user: string;
  readonly created: number;
  state: "PENDING" | "RUNNING" | "DONE";
  /** How often it will still be found under way. */
  polls: number;
  ended: number | undefined;
  /** Of its kind: `{ load: … }`. */
  statistics: Json;
  failure: Failure | undefined;
  /** What a query answered. */
  result: QueryResult | undefined;
  /** Deleted: its id stays taken. */
  hidden?: boolean;
  readonly work: () => Promise<Json>;
}

/** A job as `jobs.insert` answers it: under way, whatever will become of it. */
export const startedResource = (job: Job, base: string): Json =>
  jobResource({ ...job, state: "RUNNING", failure: undefined, ended: undefined, statistics: {} }, base);

export const jobReference = ({ project, id, location }: Job) => ({ projectId: project, jobId: id, location });

function statusOf({ state, failure }: Job): Json {
  if (state !== "DONE" || failure === undefined) return { state };
  const errorResult = { reason: failure.reason, message: failure.message };
  return { state, errorResult, errors: [errorResult] };
}

export function jobResource(job: Job, base: string): Json {
  const { kind, project, id, location, configuration, created, ended, state, statistics, user } = job;
  return {
    kind: "bigquery#job",
    etag: etagOf("job", `${project}:${location}.${id} ${state}`, job.polls),
    id: `${project}:${location}.${id}`,
    selfLink: `${base}/projects/${project}/jobs/${id}?location=${location}`,
    user_email: user,
    configuration: { jobType: kind, ...configuration },
    jobReference: jobReference(job),
    statistics: {
      creationTime: String(created),
      ...(state === "PENDING" ? {} : { startTime: String(created) }),
      ...(ended === undefined ? {} : { endTime: String(ended) }),
      ...statistics,
    },
    status: statusOf(job),
  };
}
