import * as path from "node:path";
import { NEXT } from "./config-schema.ts";
import type { BigQueryPlace } from "./core/bigquery-place.ts";
import { UsageError } from "./core/errors.ts";

/** What has no value: the bucket, the listing of archive files, the folder that keeps them. */
export const NONE = "none";

/** The DuckDB file of a world: made data get a file of their own, whatever was asked for. */
export function duckdbFile(warehouse: string, synthetic: boolean): string {
  const file = warehouse.slice("duckdb:".length);
  if (!synthetic) return file;
  const { dir, name, ext } = path.parse(file);
  return name.endsWith("_synthetic") ? file : path.join(dir, `${name}_synthetic${ext}`);
}

const BIGQUERY = /^bigquery:(?<project>[a-z0-9.:-]+)\.(?<dataset>\w+)$/;

/** @throws UsageError where the URL is neither DuckDB's nor BigQuery's */
export function readWarehouse(
  url: string,
  location: string,
  maxBytes: number | undefined,
  from: string,
): BigQueryPlace | undefined {
  if (url.startsWith("duckdb:") && url.length > "duckdb:".length) return undefined;
  const { project, dataset } = BIGQUERY.exec(url)?.groups ?? {};
  if (dataset?.endsWith("_synthetic")) {
    const why = "names that end in _synthetic are those of made data; --synthetic adds it";
    throw new UsageError("bad-warehouse", `${from}: ${JSON.stringify(url)}: ${why}.`, NEXT);
  }
  if (project && dataset) return Object.freeze({ project, dataset, location, maxBytes });
  const why = `it is neither duckdb:PATH nor bigquery:PROJECT.DATASET`;
  throw new UsageError("bad-warehouse", `${from}: ${JSON.stringify(url)}: ${why}.`, NEXT);
}

/** 3 to 222 characters of Cloud Storage's alphabet. https://cloud.google.com/storage/docs/buckets#naming */
const BUCKET = /^(?:gs:\/\/)?(?<name>[a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/?$/;

/** `gs://NAME`, or the name alone. @throws UsageError */
export function readBucket(text: string, from: string): string | undefined {
  if (text === NONE) return undefined;
  const name = BUCKET.exec(text)?.groups?.name;
  if (name) return name;
  throw new UsageError("bad-bucket", `${from}: ${JSON.stringify(text)} is no bucket such as gs://my-data.`, NEXT);
}
