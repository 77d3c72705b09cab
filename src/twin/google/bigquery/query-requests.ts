import type { Context, Request } from "./context.ts";
import { locationNamed } from "./datasets.ts";
import { type Job, jobReference, jobResource } from "./job.ts";
import type { Jobs } from "./jobs.ts";
import { type Json, objectOf, textOf } from "./json.ts";
import { nextToken, windowOf } from "./pages.ts";
import { prepare, runQuery } from "./query.ts";
import { mannerOf, wireRows } from "./tabledata.ts";

export async function startQuery(
  context: Context,
  jobs: Jobs,
  { project, base }: Request,
  configuration: Json,
  { id, asked }: { id: string; asked: string | undefined },
): Promise<Json> {
  const job = await begin(context, jobs, { project, configuration, id, asked });
  return jobResource({ ...job, state: "RUNNING", failure: undefined, ended: undefined, statistics: {} }, base);
}

async function begin(
  context: Context,
  jobs: Jobs,
  {
    project,
    configuration,
    id,
    asked,
  }: { project: string; configuration: Json; id: string; asked: string | undefined },
): Promise<Job> {
  const section = objectOf(configuration["query"]);
  const dataset = textOf(objectOf(section["defaultDataset"])["datasetId"]);
  const prepared = prepare(context, { sql: textOf(section["query"]) ?? "", project, dataset });
  const [first] = prepared.tables;
  const home = first === undefined ? "US" : context.catalog.dataset(first.name.project, first.name.dataset).location;
  return jobs.start({
    kind: "QUERY",
    project,
    id,
    location: asked === undefined ? home : locationNamed(asked),
    configuration,
    user: "twin@example.com",
    destination: undefined,
    work: async (job) => {
      job.result = await runQuery(context, prepared);
      return { query: { statementType: "SELECT", totalBytesProcessed: "0", totalBytesBilled: "0", cacheHit: false } };
    },
  });
}

export async function query(context: Context, jobs: Jobs, request: Request): Promise<Json> {
  const { project, body } = request;
  const { query: sql, defaultDataset, location, formatOptions, maxResults } = body;
  const configuration = { query: { query: sql, defaultDataset, useLegacySql: false } };
  const job = await begin(context, jobs, { project, configuration, id: jobs.idOf({}), asked: textOf(location) });
  const window = new URLSearchParams();
  if (maxResults !== undefined) window.set("maxResults", String(maxResults));
  if (objectOf(formatOptions)["useInt64Timestamp"]) window.set("formatOptions.useInt64Timestamp", "true");
  return resultsOf(job, window);
}

export async function queryResults(jobs: Jobs, request: Request): Promise<Json> {
  return resultsOf(await jobs.poll(request), request.query);
}

function resultsOf(job: Job, query: URLSearchParams): Json {
  if (job.failure) throw job.failure;
  const reference = { jobReference: jobReference(job) };
  if (job.result === undefined) return { kind: "bigquery#queryResponse", ...reference, jobComplete: false };
  const { fields, rows } = job.result;
  const window = windowOf(query, 10_000);
  return {
    kind: "bigquery#queryResponse",
    ...reference,
    jobComplete: true,
    schema: { fields },
    totalRows: String(rows.length),
    rows: wireRows(rows.slice(window.start, window.start + window.size), fields, mannerOf(query)),
    totalBytesProcessed: "0",
    cacheHit: false,
    ...nextToken(window, rows.length),
  };
}
