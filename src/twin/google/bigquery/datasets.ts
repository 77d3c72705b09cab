import { DAY } from "../../../core/time.ts";
import type { StoredDataset } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { duplicate, Failure, invalid } from "./failure.ts";
import { flagOf, integerOf, type Json, objectOf, textOf } from "./json.ts";
import { nextToken, windowOf } from "./pages.ts";

const PATCHABLE = [
  "description",
  "friendlyName",
  "labels",
  "access",
  "defaultTableExpirationMs",
  "defaultPartitionExpirationMs",
];
const MOST = 1_000;

/** Without billing everything vanishes after 60 days. Source: BigQuery's manual, "Sandbox". */
const LIFETIME = String(60 * DAY);
const SANDBOX = { defaultTableExpirationMs: LIFETIME, defaultPartitionExpirationMs: LIFETIME };

/** The patchable part of a resource as sent; null takes a property away. */
export function patched(details: Json, body: Json, names: readonly string[]): Json {
  const sent = Object.entries(body).filter(([name]) => names.includes(name));
  const all = Object.entries({ ...details, ...Object.fromEntries(sent) });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

export const etagOf = (kind: string, id: string, version: number): string =>
  Buffer.from(`${kind} ${id} ${version}`).toString("base64url");

/** Multi-regions in capitals, regions in small letters. */
export const locationNamed = (text: string): string =>
  /^(us|eu)$/i.test(text) ? text.toUpperCase() : text.toLowerCase();

const reference = ({ project, id }: StoredDataset) => ({ projectId: project, datasetId: id });

function resource(dataset: StoredDataset, base: string): Json {
  const { project, id, location, created, modified, details, version } = dataset;
  return {
    kind: "bigquery#dataset",
    etag: etagOf("dataset", `${project}:${id}`, version),
    id: `${project}:${id}`,
    selfLink: `${base}/projects/${project}/datasets/${id}`,
    datasetReference: reference(dataset),
    location,
    creationTime: String(created),
    lastModifiedTime: String(modified),
    type: "DEFAULT",
    access: [{ role: "OWNER", specialGroup: "projectOwners" }],
    ...details,
  };
}

/** @throws Failure */
export function insertDataset(context: Context, { project, body, base }: Request): Json {
  const { datasetId, projectId } = objectOf(body["datasetReference"]);
  const id = textOf(datasetId) ?? "";
  if (projectId !== undefined && projectId !== project) throw invalid("Project IDs of path and body differ.");
  return resource(addDataset(context, project, id, textOf(body["location"]), patched({}, body, PATCHABLE)), base);
}

/** @throws Failure */
export function addDataset(
  context: Context,
  project: string,
  id: string,
  location: string | undefined,
  details: Json,
): StoredDataset {
  if (!/^\w{1,1024}$/.test(id)) {
    throw invalid(
      `Invalid dataset ID "${id}". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.`,
    );
  }
  if (context.catalog.find(project, id) !== undefined) throw duplicate(`Dataset ${project}:${id}`);
  const now = context.now();
  const dataset: StoredDataset = {
    project,
    id,
    location: locationNamed(location || "US"),
    created: now,
    modified: now,
    details: { ...details, ...(context.sandbox ? SANDBOX : {}) },
    version: 1,
    tables: new Map(),
  };
  context.catalog.add(dataset);
  return dataset;
}

export const getDataset = ({ catalog }: Context, { project, path, base }: Request): Json =>
  resource(catalog.dataset(project, path["dataset"] ?? ""), base);

export function listDatasets({ catalog }: Context, { project, query }: Request): Json {
  const all = catalog.datasets(project);
  const window = windowOf(query, MOST);
  const datasets = all.slice(window.start, window.start + window.size).map((dataset) => ({
    kind: "bigquery#dataset",
    id: `${project}:${dataset.id}`,
    datasetReference: reference(dataset),
    location: dataset.location,
  }));
  const { pageToken } = nextToken(window, all.length);
  return { kind: "bigquery#datasetList", datasets, ...(pageToken ? { nextPageToken: pageToken } : {}) };
}

/** @throws Failure */
export function patchDataset(context: Context, { project, path, body, headers, base }: Request): Json {
  const dataset = context.catalog.dataset(project, path["dataset"] ?? "");
  const match = headers["if-match"];
  if (match !== undefined && match !== etagOf("dataset", `${project}:${dataset.id}`, dataset.version)) {
    throw new Failure("conditionNotMet", "Precondition Failed");
  }
  const location = textOf(body["location"]);
  if (location !== undefined && locationNamed(location) !== dataset.location) {
    throw invalid("Dataset location is immutable");
  }
  dataset.details = patched(dataset.details, body, PATCHABLE);
  dataset.modified = context.now();
  dataset.version++;
  return resource(dataset, base);
}

/** @throws Failure */
export async function deleteDataset({ catalog, duck }: Context, { project, path, query }: Request): Promise<void> {
  const dataset = catalog.dataset(project, path["dataset"] ?? "");
  if (dataset.tables.size > 0 && !flagOf(query.get("deleteContents"))) {
    throw new Failure("resourceInUse", `Dataset ${project}:${dataset.id} is still in use`);
  }
  for (const { view, rows } of dataset.tables.values()) {
    if (view === undefined) await duck.ask(`DROP TABLE ${rows}`);
  }
  catalog.remove(dataset);
}

/** Milliseconds after which partitions of new tables vanish. */
export const defaultExpiration = ({ details }: StoredDataset): number | undefined =>
  integerOf(details["defaultPartitionExpirationMs"]);
