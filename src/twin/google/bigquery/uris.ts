import type { StoredObjects } from "../call.ts";
import { locationNamed } from "./datasets.ts";
import { invalid, notFound } from "./failure.ts";

export interface SourceFile {
  readonly uri: string;
  readonly bytes: Uint8Array;
}

/** Most URIs a load job takes. Source: BigQuery's quotas. */
const MOST = 10_000;

const URI = /^gs:\/\/([^/*]+)\/(.+)$/s;

/** The objects that a job's URIs name, each once, in the URIs' order. @throws Failure */
export function readUris(objects: StoredObjects, uris: readonly string[], destination: string): readonly SourceFile[] {
  if (uris.length === 0) throw invalid("Required parameter is missing: sourceUris");
  if (uris.length > MOST) throw invalid(`Too many source URIs: ${uris.length}; at most ${MOST} are allowed.`);
  const files = new Map<string, SourceFile>();
  for (const uri of uris) {
    for (const file of filesOf(objects, uri, destination)) files.set(file.uri, file);
  }
  return [...files.values()];
}

function filesOf(objects: StoredObjects, uri: string, destination: string): readonly SourceFile[] {
  const [, bucket, path] = URI.exec(uri) ?? [];
  if (bucket === undefined || path === undefined) throw invalid(`Invalid source URI: ${uri}`);
  const [prefix = "", suffix, more] = path.split("*");
  if (more !== undefined) throw invalid(`Invalid source URI: ${uri}. Using multiple asterisks is unsupported.`);
  const location = objects.location(bucket);
  if (location === undefined) throw notFound(`URI ${uri}`);
  checkLocations(location.toLowerCase(), destination);
  const names =
    suffix === undefined
      ? [path]
      : objects
          .names(bucket, prefix)
          .filter((name) => name.endsWith(suffix) && name.length >= prefix.length + suffix.length);
  const files = names.flatMap((name) => {
    const bytes = objects.read(bucket, name);
    return bytes === undefined ? [] : [{ uri: `gs://${bucket}/${name}`, bytes }];
  });
  if (files.length === 0) throw notFound(`URI ${uri}`);
  return files;
}

const MULTI: Readonly<Record<string, string>> = { us: "us-", eu: "europe-" };

/** Whether the multi-region holds the region. */
const holds = (multi: string, region: string): boolean => {
  const start = MULTI[multi];
  return start !== undefined && region.startsWith(start);
};

function checkLocations(bucket: string, dataset: string): void {
  const there = dataset.toLowerCase();
  if (bucket === there || holds(bucket, there) || holds(there, bucket)) return;
  throw invalid(
    `Cannot read and write in different locations: source: ${locationNamed(bucket)}, destination: ${dataset}`,
  );
}
