import type { GoogleCall } from "../call.ts";
import type { Request } from "./context.ts";
import { Failure } from "./failure.ts";
import { type Json, objectOf, textOf } from "./json.ts";

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
export function checkAccess({ method, path, may }: GoogleCall): void {
  if (!may) return;
  const { project, dataset, table } = PATH.exec(path)?.groups ?? {};
  for (const [verb, pattern, permission] of NEEDS) {
    if (verb !== method || !pattern.test(path) || may(permission, dataset)) continue;
    // Making something needs the right on what it is made in.
    const on = permission === "bigquery.datasets.create" ? undefined : dataset;
    throw lacking(permission, project, on, table && decodeURIComponent(table));
  }
}

/** The rights that a job needs on its tables. @throws Failure 403 where the caller lacks one */
export function checkJobAccess({ may, project }: Request, configuration: Json): void {
  const { load, copy } = configuration;
  const { sourceTables, sourceTable, destinationTable } = objectOf(load ?? copy);
  const need = (permission: string, reference: unknown): void => {
    const { datasetId, tableId } = objectOf(reference);
    const [dataset, table] = [textOf(datasetId), textOf(tableId)?.split("$")[0]];
    if (table !== undefined && !may(permission, dataset)) throw lacking(permission, project, dataset, table);
  };
  for (const source of [sourceTable, sourceTables].flat()) need("bigquery.tables.getData", source);
  need("bigquery.tables.updateData", destinationTable);
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
