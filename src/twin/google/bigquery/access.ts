import type { GoogleCall } from "../call.ts";
import { Failure } from "./failure.ts";
import { objectOf, textOf } from "./json.ts";

const PATH =
  /\/projects\/(?<project>[^/]+)\/(?:datasets(?:\/(?<dataset>[^/]+)(?:\/tables(?:\/(?<table>[^/]+))?)?)?|.*)/;

/** What each request needs, by method and path; what is not here needs nothing that could be lacking. */
const NEEDS: readonly (readonly [method: string, path: RegExp, permission: string])[] = [
  ["POST", /\/(?:jobs|queries)$/, "bigquery.jobs.create"],
  ["POST", /\/datasets$/, "bigquery.datasets.create"],
  ["GET", /\/datasets\/[^/]+$/, "bigquery.datasets.get"],
  ["PATCH", /\/datasets\/[^/]+$/, "bigquery.datasets.update"],
  ["DELETE", /\/datasets\/[^/]+$/, "bigquery.datasets.delete"],
  ["GET", /\/tables$/, "bigquery.tables.list"],
  ["POST", /\/tables$/, "bigquery.tables.create"],
  ["GET", /\/tables\/[^/]+$/, "bigquery.tables.get"],
  ["PATCH", /\/tables\/[^/]+$/, "bigquery.tables.update"],
  ["DELETE", /\/tables\/[^/]+$/, "bigquery.tables.delete"],
  ["GET", /\/tables\/[^/]+\/data$/, "bigquery.tables.getData"],
  ["POST", /\/insertAll$/, "bigquery.tables.updateData"],
];

/** @throws Failure 403 where the caller lacks a permission, in BigQuery's words */
export function checkAccess({ method, path, denied, body }: GoogleCall): void {
  if (denied === undefined || denied.size === 0) return;
  const { project, dataset, table } = PATH.exec(decodeURIComponent(path))?.groups ?? {};
  for (const [verb, pattern, permission] of NEEDS) {
    if (verb !== method || !pattern.test(path) || !denied.has(permission)) continue;
    // Making something needs the right on what it is made in.
    throw lacking(permission, project, permission === "bigquery.datasets.create" ? undefined : dataset, table);
  }
  if (denied.has("bigquery.tables.updateData") && method === "POST" && path.endsWith("/jobs")) checkLoad(body, project);
}

function checkLoad(body: Uint8Array, project: string | undefined): void {
  let job: unknown;
  try {
    job = JSON.parse(Buffer.from(body).toString());
  } catch {
    // The job's own reader says what is wrong with it.
    return;
  }
  const { load, copy } = objectOf(objectOf(job)["configuration"]);
  const { datasetId, tableId } = objectOf(objectOf(load ?? copy)["destinationTable"]);
  const table = textOf(tableId)?.split("$")[0];
  if (table !== undefined) throw lacking("bigquery.tables.updateData", project, textOf(datasetId), table);
}

function lacking(permission: string, project = "", dataset?: string, table?: string): Failure {
  if (dataset === undefined) {
    const message = `Access Denied: Project ${project}: User does not have ${permission} permission in project ${project}.`;
    return new Failure("accessDenied", message);
  }
  const kind = table === undefined ? "Dataset" : "Table";
  const name = `${project}:${dataset}${table === undefined ? "" : `.${table}`}`;
  const message = `Access Denied: ${kind} ${name}: Permission ${permission} denied on ${kind.toLowerCase()} ${name} (or it may not exist).`;
  return new Failure("accessDenied", message);
}
