import { DataError } from "../../core/errors.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import { layoutOf } from "../bigquery-sql.ts";
import type { Api } from "./api.ts";
import { expired, lifetimeOf } from "./expiry.ts";
import { attemptId, decorator, jobName } from "./job-id.ts";
import type { JobRequest, Jobs, OnStep, Settled } from "./jobs.ts";
import { isLater } from "./later.ts";
import type { LoadedUnit } from "./ledger-state.ts";
import { isTransient, loadFailure } from "./refusal.ts";
import { fieldsOf, type Tables } from "./tables.ts";
import type { Job, TableReference, TableResource } from "./wire.ts";

export type JobKind = "load" | "copy" | "ledger";

/** What loading needs beside the unit. */
export interface LoadWork {
  readonly api: Api;
  readonly tables: Tables;
  readonly jobs: Jobs;
  readonly label: string;
  readonly now: () => number;
  readonly onStep: OnStep;
  /** URIs that one job may name. */
  readonly uris: number;
  /** Counts a job that was started. */
  readonly count: (kind: JobKind) => void;
  /** Counts the bytes that a job brought. */
  readonly brought: (bytes: number) => void;
}

/** Where a unit goes, and what is there. */
export interface Goal {
  readonly table: TableResource;
  readonly loaded: LoadedUnit | undefined;
}

/** The job that brought a unit. */
export interface Brought {
  readonly jobId: string;
  /** Milliseconds; before that nothing was read. */
  readonly since: number;
  /** Milliseconds; when the job ended. */
  readonly endTime: number;
  /** As the job counted them. */
  readonly rows: number;
}

export const rowsOf = (unit: LoadUnit): number => unit.objects.reduce((sum, object) => sum + object.rows, 0);

/** Own attempts at one job; what is found of earlier runs does not count. */
const MOST_ATTEMPTS = 5;
/** Failures of earlier runs that are looked through before an attempt is named after the time. */
const MOST_FOUND = 10;
/** Milliseconds before another attempt. */
const PAUSE = 1_000;

/**
 * Runs a unit's job to its success under the first name that is not used up. `stands` says whether what an earlier run's
 * job brought is still there.
 * @throws DataError, WarehouseError
 */
export async function succeed(
  work: LoadWork,
  unit: LoadUnit,
  name: string,
  kind: JobKind,
  request: Omit<JobRequest, "id">,
  stands: (job: Job) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<Settled> {
  let own = 0;
  for (let attempt = 1; ; attempt++) {
    const id = attemptId(name, attempt > MOST_FOUND ? Math.floor(work.now() / 1000) + attempt : attempt);
    const settled = await work.jobs.settle({ ...request, id, started: () => work.count(kind) }, signal);
    const { job, found, own: isOwn, failure } = settled;
    if (isOwn) work.brought(Number(job.statistics?.load?.inputFileBytes ?? 0));
    if (failure) {
      // What made an earlier run's job fail may be mended by now.
      if (found) continue;
      if (!isTransient(failure) || ++own >= MOST_ATTEMPTS) throw loadFailure(unit, work, failure);
      await work.api.clock.sleep(PAUSE, signal);
    } else if (!found || (await stands(job))) return settled;
  }
}

/** The load section for objects that go to a table or partition. */
export const loadOf = (
  unit: LoadUnit,
  uris: readonly string[],
  destinationTable: TableReference,
  writeDisposition: "WRITE_TRUNCATE" | "WRITE_APPEND",
): object => ({
  labels: { app: "candlelake", table: unit.table.name },
  load: {
    sourceUris: uris,
    sourceFormat: "PARQUET",
    schema: { fields: fieldsOf(layoutOf(unit.table.name)) },
    destinationTable,
    writeDisposition,
    createDisposition: "CREATE_NEVER",
  },
});

/**
 * Whether what a job brought into a partition is what is there now: nobody wrote after it, by another job or a statement,
 * and the rows are there.
 */
export async function standsIn(work: LoadWork, unit: LoadUnit, partition: string, job: Job): Promise<boolean> {
  const { tables, jobs } = work;
  const { creationTime = "0", endTime = "0" } = job.statistics ?? {};
  const others = await jobs.since(Number(creationTime), `look for jobs after ${job.jobReference.jobId}`);
  // Where nobody says what came after, loading again is free and right.
  if (!others) return false;
  for (const other of others) {
    if (other.jobReference.jobId === job.jobReference.jobId || other.status.errorResult) continue;
    const { load, copy } = other.configuration ?? {};
    const destination = (load ?? copy)?.destinationTable;
    const isHere = destination?.datasetId === tables.place.datasets.raw && destination.tableId === partition;
    const end = other.statistics?.endTime;
    if (isHere && (end === undefined || Number(end) > Number(endTime))) return false;
  }
  const table = await tables.table(unit.table.name);
  const written = table && (await tables.partitions(table)).get(decorator(unit.month));
  if (written === undefined || isLater(written, Number(endTime))) return false;
  return (await tables.count(partition)) === rowsOf(unit);
}

/** Rows are not as many as the manifests say. */
export class WrongRows extends DataError {
  /** What brought them into the month; undefined where they never came there. */
  readonly brought: Brought | undefined;

  constructor(unit: LoadUnit, brought: Brought | undefined, why: string) {
    super("row-count", `${unit.table.name} ${unit.month} ${why}.`, "candlelake run");
    this.brought = brought;
  }
}

/** When a job began, and when it ended. */
export const broughtBy = ({ jobReference, statistics }: Job): Brought => ({
  jobId: jobReference.jobId,
  since: Number(statistics?.creationTime),
  endTime: Number(statistics?.endTime),
  rows: Number(statistics?.load?.outputRows),
});

/** Replaces the unit's partition by one load job. @throws DataError, WarehouseError, Interrupted */
export async function loadUnit(work: LoadWork, unit: LoadUnit, goal: Goal, signal?: AbortSignal): Promise<Brought> {
  const { tables } = work;
  const partition = `${unit.table.name}$${decorator(unit.month)}`;
  const uris = unit.objects.map((object) => object.uri ?? "");
  const request = {
    configuration: loadOf(unit, uris, tables.reference(partition), "WRITE_TRUNCATE"),
    doing: `load ${unit.table.name} ${unit.month}`,
  };
  const name = nameOf(work, unit, goal);
  const stands = (job: Job): Promise<boolean> => standsIn(work, unit, partition, job);
  const { job } = await succeed(work, unit, name, "load", request, stands, signal);
  const { outputRows, inputFiles } = job.statistics?.load ?? {};
  await work.onStep("verify");
  const brought = broughtBy(job);
  const expected = rowsOf(unit);
  if (Number(outputRows) !== expected || Number(inputFiles) !== uris.length) {
    const files = Number(inputFiles) === uris.length ? "" : ` in ${inputFiles} objects of ${uris.length}`;
    throw new WrongRows(unit, brought, `has ${outputRows} rows${files}, and its manifest says ${expected}`);
  }
  await checkExpiry(work, unit, goal.table, partition);
  return brought;
}

export const nameOf = ({ tables }: LoadWork, unit: LoadUnit, { table, loaded }: Goal): string =>
  jobName(unit, {
    table: tables.reference(unit.table.name),
    creationTime: table.creationTime,
    replaces: loaded?.jobId,
  });

/** @throws WarehouseError `partitions-expired` where fewer rows are there than were brought */
export async function checkExpiry(
  work: LoadWork,
  unit: LoadUnit,
  table: TableResource,
  partition: string,
): Promise<void> {
  const lifetime = lifetimeOf(table);
  if (lifetime === undefined) return;
  if ((await work.tables.count(partition)) < rowsOf(unit)) throw expired(work, unit.table.name, unit.month, lifetime);
}
