import type { Context, Request } from "./context.ts";
import { deleteDataset, getDataset, insertDataset, listDatasets, patchDataset } from "./datasets.ts";
import { invalid } from "./failure.ts";
import { insertAll } from "./insert-all.ts";
import { jobReference, jobResource } from "./job.ts";
import { insertJob } from "./job-requests.ts";
import type { Jobs } from "./jobs.ts";
import type { Json } from "./json.ts";
import { query, queryResults } from "./query-requests.ts";
import { patchTable } from "./table-patch.ts";
import { listRows } from "./tabledata.ts";
import { deleteTable, getTable, insertTable, listTables } from "./tables.ts";

export interface Call {
  readonly context: Context;
  readonly jobs: Jobs;
  readonly request: Request;
}

/** Answers a request: a JSON body, or none. @throws Failure */
export type Route = (call: Call) => Json | undefined | Promise<Json | undefined>;

const P = "projects/:project";
const D = `${P}/datasets/:dataset`;
const T = `${D}/tables/:table`;

const ROUTES: readonly (readonly [method: string, path: string, route: Route])[] = [
  ["GET", "projects", () => ({ kind: "bigquery#projectList", projects: [], totalItems: 0 })],
  ["GET", `${P}/datasets`, ({ context, request }) => listDatasets(context, request)],
  ["POST", `${P}/datasets`, ({ context, request }) => insertDataset(context, request)],
  ["GET", D, ({ context, request }) => getDataset(context, request)],
  ["PATCH", D, ({ context, request }) => patchDataset(context, request)],
  ["DELETE", D, ({ context, request }) => deleteDataset(context, request).then(() => undefined)],
  ["GET", `${D}/tables`, ({ context, request }) => listTables(context, request)],
  ["POST", `${D}/tables`, ({ context, request }) => insertTable(context, request)],
  ["GET", T, ({ context, request }) => getTable(context, request)],
  ["PATCH", T, ({ context, request }) => patchTable(context, request)],
  ["DELETE", T, ({ context, request }) => deleteTable(context, request).then(() => undefined)],
  ["GET", `${T}/data`, ({ context, request }) => listRows(context, request)],
  ["POST", `${T}/insertAll`, ({ context, request }) => insertAll(context, request)],
  ["GET", `${P}/jobs`, ({ jobs, request }) => jobs.list(request)],
  ["POST", `${P}/jobs`, ({ context, jobs, request }) => insertJob(context, jobs, request, undefined)],
  ["GET", `${P}/jobs/:job`, async ({ jobs, request }) => jobResource(await jobs.poll(request), request.base)],
  ["POST", `${P}/jobs/:job/cancel`, ({ jobs, request }) => cancelled(jobs, request)],
  ["DELETE", `${P}/jobs/:job/delete`, ({ jobs, request }) => void jobs.delete(request)],
  ["POST", `${P}/queries`, ({ context, jobs, request }) => query(context, jobs, request)],
  ["GET", `${P}/queries/:job`, ({ jobs, request }) => queryResults(jobs, request)],
];

function cancelled(jobs: Jobs, request: Request): Json {
  const job = jobs.cancel(request);
  return { kind: "bigquery#jobCancelResponse", job: jobResource(job, request.base), jobReference: jobReference(job) };
}

export interface Found {
  readonly route: Route;
  readonly path: Readonly<Record<string, string>>;
}

/** The route of a path, with the interface's prefix or bare; undefined where there is none. */
export function routeOf(method: string, path: string): Found | undefined {
  const parts = path.replace(/^\/(bigquery\/v2\/)?/, "").split("/");
  for (const [verb, pattern, route] of ROUTES) {
    if (verb !== method) continue;
    const names = pattern.split("/");
    if (names.length !== parts.length) continue;
    if (!names.every((name, index) => name.startsWith(":") || name === parts[index])) continue;
    const pairs = names.flatMap((name, index) =>
      name.startsWith(":") ? [[name.slice(1), decoded(parts[index] ?? "")] as const] : [],
    );
    return { route, path: Object.fromEntries(pairs) };
  }
  return undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(`Invalid percent-encoding: ${part}`);
  }
}
