import { randomUUID } from "node:crypto";
import { AppError, UsageError, WarehouseError } from "../../core/errors.ts";
import { shellWord } from "../../core/shell.ts";
import { evidenceOf } from "../../google/evidence.ts";
import type { QueryResult } from "../../ports/warehouse.ts";
import type { Datasets } from "../dataset.ts";
import { type Api, isOfProject } from "./api.ts";
import { typeOf } from "./differences.ts";
import type { Jobs } from "./jobs.ts";
import { jobFailure } from "./refusal.ts";
import type { Tables } from "./tables.ts";
import { valueFrom } from "./values.ts";
import type { ApiError, Field, Job, RowsPage } from "./wire.ts";

export interface QueryWork {
  readonly api: Api;
  readonly jobs: Jobs;
  readonly tables: Tables;
  readonly label: string;
  readonly project: string;
  readonly location: string;
  readonly datasets: Datasets;
  /** Bytes that a query may be billed for. */
  readonly maxBytes: number;
  readonly billed: (bytes: number) => void;
}

const EXAMPLE = 'candlelake query "SELECT * FROM spot_klines LIMIT 5"';
const DOING = "query";
/** Rows of one page; fewer where they are long. */
const PAGE = "20000";
/** A query is billed for whole mebibytes, and for ten of each table at least. https://cloud.google.com/bigquery/pricing */
const MIB = 2 ** 20;
const LEAST = 10 * MIB;

const refuse = (why: string): UsageError =>
  new UsageError("sql-refused", `${why} A query is one statement that reads.`, EXAMPLE);

const wrong = (why: string, cause?: unknown): UsageError =>
  new UsageError("sql-error", why, "candlelake schema", { cause });

const configurationOf = ({ project, datasets }: QueryWork, sql: string, more: object = {}): object => {
  const defaultDataset = { projectId: project, datasetId: datasets.raw };
  return { labels: { app: "candlelake" }, query: { query: sql, useLegacySql: false, defaultDataset, ...more } };
};

/** Why nothing is found, where that is not the statement's fault: one look at the dataset tells. @throws WarehouseError */
async function misplaced({ tables, label }: QueryWork, sql: string) {
  const { datasets, location } = tables.place;
  const there = (await tables.dataset(datasets.raw))?.location.toLowerCase();
  if (there === location) return undefined;
  if (there === undefined)
    return new WarehouseError("no-warehouse", `${label} is not there yet.`, `candlelake setup ${tables.named}`);
  const next = `candlelake query ${tables.named} --location ${there} ${shellWord(sql)}`;
  return new WarehouseError("other-location", `${label} is in ${there}, and ${location} was asked for.`, next);
}

/** What BigQuery makes of the statement, for nothing. @throws UsageError `sql-error`, WarehouseError */
async function examine(work: QueryWork, sql: string, signal?: AbortSignal): Promise<Job> {
  try {
    return await work.jobs.dryRun(configurationOf(work, sql), DOING, signal);
  } catch (error) {
    const { status, reasons, message } = evidenceOf(error);
    const failure = work.api.translate(error, DOING);
    if (error instanceof AppError || isOfProject(failure)) throw failure;
    const isMissing = status === 404 && reasons.includes("notFound");
    if (!isMissing && status !== 400) throw failure;
    const cause = isMissing ? await misplaced(work, sql) : undefined;
    throw cause ?? wrong(message, error);
  }
}

/** @throws UsageError `sql-refused` where the statement does more than read what is ours */
function check({ statistics }: Job, { project, datasets }: QueryWork): void {
  const { statementType = "such", referencedTables = [] } = statistics?.query ?? {};
  if (statementType !== "SELECT") throw refuse(`${statementType.replaceAll("_", " ")} statements are refused.`);
  const stranger = referencedTables.find(
    ({ projectId, datasetId }) => projectId !== project || ![datasets.raw, datasets.curated].includes(datasetId),
  );
  if (!stranger) return;
  const { projectId, datasetId, tableId } = stranger;
  throw refuse(`${projectId}.${datasetId}.${tableId} is neither in ${datasets.raw} nor in ${datasets.curated}.`);
}

/** Bytes that the query would read. @throws UsageError */
export async function costOf(work: QueryWork, sql: string, signal?: AbortSignal): Promise<number> {
  const job = await examine(work, sql, signal);
  check(job, work);
  return Number(job.statistics?.totalBytesProcessed ?? 0);
}

/** What would be billed at most, where anything is. */
function billOf({ statistics }: Job): number {
  const bytes = Number(statistics?.totalBytesProcessed ?? 0);
  return Math.max(Math.ceil(bytes / MIB) * MIB, LEAST * (statistics?.query?.referencedTables?.length || 1));
}

const tooMany = (sql: string, bytes: number, most: number): UsageError =>
  new UsageError(
    "too-many-bytes",
    `The query would be billed for ${bytes} bytes, and ${most} are allowed. Name fewer columns, or a range of the event time.`,
    `candlelake query --max-bytes ${bytes} ${shellWord(sql)}`,
  );

/**
 * Runs one reading statement: looked at first, which is free, then run with a limit to what it may be billed.
 * @throws UsageError `sql-refused`, `sql-error`, `too-many-bytes`; WarehouseError; Interrupted
 */
export async function answer(work: QueryWork, sql: string, signal?: AbortSignal): Promise<QueryResult> {
  const looked = await examine(work, sql, signal);
  check(looked, work);
  const bill = billOf(looked);
  const isFree = Number(looked.statistics?.totalBytesProcessed ?? 0) === 0;
  if (!isFree && bill > work.maxBytes) throw tooMany(sql, bill, work.maxBytes);
  const id = `candlelake_query_${randomUUID()}`;
  const configuration = configurationOf(work, sql, { maximumBytesBilled: String(work.maxBytes) });
  let job: Job;
  let failure: ApiError | undefined;
  try {
    ({ job, failure } = await work.jobs.settle({ id, configuration, doing: DOING }, signal));
  } catch (error) {
    if (signal?.aborted) await work.jobs.cancel(id).catch(() => undefined);
    throw error;
  }
  if (failure) throw failed(work, sql, failure, bill);
  work.billed(Number(job.statistics?.query?.totalBytesBilled ?? 0));
  const first = await page(work, id, undefined, signal);
  const fields = first.schema?.fields ?? [];
  return {
    columns: fields.map((field) => ({ name: field.name, type: typeOf(field) })),
    batches: batches(work, id, first, fields, signal),
  };
}

function failed({ label, maxBytes }: QueryWork, sql: string, failure: ApiError, bill: number): AppError {
  switch (failure.reason) {
    case "bytesBilledLimitExceeded":
      return tooMany(sql, Math.max(bill, maxBytes * 2), maxBytes);
    case "invalid":
    case "invalidQuery":
    case "notFound":
    case "resourcesExceeded":
      return wrong(failure.message ?? failure.reason);
    default:
      return jobFailure(label, DOING, failure);
  }
}

function page(work: QueryWork, id: string, pageToken: string | undefined, signal?: AbortSignal): Promise<RowsPage> {
  const query = {
    location: work.location,
    maxResults: PAGE,
    "formatOptions.useInt64Timestamp": "true",
    ...(pageToken ? { pageToken } : {}),
  };
  return work.api.call<RowsPage>({ method: "GET", path: `queries/${id}`, query, doing: DOING }, signal);
}

async function* batches(
  work: QueryWork,
  id: string,
  first: RowsPage,
  fields: readonly Field[],
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly (readonly unknown[])[]> {
  let current = first;
  for (;;) {
    yield (current.rows ?? []).map(({ f }) => fields.map((field, index) => valueFrom(field, f[index]?.v)));
    if (!current.pageToken) return;
    current = await page(work, id, current.pageToken, signal);
  }
}
