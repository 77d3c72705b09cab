import type { Context, Request } from "./context.ts";
import { Failure, invalid } from "./failure.ts";
import { type Job, jobReference } from "./job.ts";
import { placeOf, USER } from "./job-requests.ts";
import type { Jobs } from "./jobs.ts";
import { flagOf, type Json, objectOf, textOf } from "./json.ts";
import { nextToken, windowOf } from "./pages.ts";
import { dryRunStatistics, queryPlan } from "./query-job.ts";
import { mannerOf, wireRows } from "./tabledata.ts";

const MOST = 10_000;
const NAMES = ["query", "useLegacySql", "defaultDataset", "maximumBytesBilled", "parameterMode", "queryParameters"];

/** `jobs.query`: starts a query and answers its first rows where they are there already. @throws Failure */
export async function query(context: Context, jobs: Jobs, request: Request): Promise<Json> {
  const { project, body } = request;
  const { location, formatOptions, maxResults, dryRun, requestId } = body;
  const section = Object.fromEntries(Object.entries(body).filter(([name]) => NAMES.includes(name)));
  if (flagOf(dryRun)) return dryAnswer(await dryRunStatistics(context, project, section), project);
  const id = textOf(requestId);
  const known = id === undefined ? undefined : jobs.requested(project, id);
  const plan = queryPlan(context, project, section);
  const job =
    known ??
    (await jobs.start({
      ...plan,
      project,
      id: jobs.idOf({}),
      location: placeOf(plan, textOf(location)),
      configuration: { query: section },
      user: USER,
    }));
  if (id !== undefined) jobs.remember(project, id, job);
  const window = new URLSearchParams();
  if (maxResults !== undefined) window.set("maxResults", String(maxResults));
  window.set("formatOptions.useInt64Timestamp", String(flagOf(objectOf(formatOptions)["useInt64Timestamp"])));
  return resultsOf(job, window, "bigquery#queryResponse");
}

function dryAnswer({ query: details, totalBytesProcessed }: Json, project: string): Json {
  const { schema } = objectOf(details);
  return {
    kind: "bigquery#queryResponse",
    jobReference: { projectId: project },
    jobComplete: true,
    totalBytesProcessed,
    cacheHit: false,
    ...(schema === undefined ? {} : { schema }),
  };
}

/** `jobs.getQueryResults`. @throws Failure with which the query ended */
export async function queryResults(jobs: Jobs, request: Request): Promise<Json> {
  const job = await jobs.poll(request);
  if (job.kind !== "QUERY") throw invalid(`Job ${job.project}:${job.location}.${job.id} is not a query job`);
  return resultsOf(job, request.query, "bigquery#getQueryResultsResponse");
}

function resultsOf(job: Job, query: URLSearchParams, kind: string): Json {
  if (job.failure !== undefined) throw new Failure(job.failure.reason, job.failure.message);
  const head = { kind, jobReference: jobReference(job) };
  if (job.result === undefined) return { ...head, jobComplete: false };
  const { fields, rows, cost, affected } = job.result;
  const window = windowOf(query, MOST);
  const page = rows.slice(window.start, window.start + window.size);
  return {
    ...head,
    jobComplete: true,
    totalRows: String(rows.length),
    totalBytesProcessed: String(cost.processed),
    totalBytesBilled: String(cost.billed),
    cacheHit: false,
    ...(fields.length > 0 ? { schema: { fields } } : {}),
    ...(page.length > 0 ? { rows: wireRows(page, fields, mannerOf(query)) } : {}),
    ...(affected === undefined ? {} : { numDmlAffectedRows: String(affected) }),
    ...nextToken(window, rows.length),
  };
}
