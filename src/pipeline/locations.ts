import { StoreError } from "../core/errors.ts";
import type { Bucket } from "../ports/bucket.ts";
import type { SetupReport, Warehouse } from "../ports/warehouse.ts";

/** Multi-regions, and how the names of the regions in them begin. */
const WITHIN: Readonly<Record<string, string>> = { us: "us-", eu: "europe-" };

/**
 * What is wrong where a warehouse cannot load from a bucket: BigQuery loads from its own location, or from one within it.
 * https://cloud.google.com/bigquery/docs/batch-loading-data#data-locations
 * @throws StoreError where the bucket is not there or may not be looked at
 */
async function locationsApart(
  bucket: Bucket,
  { location }: Warehouse,
): Promise<SetupReport["differs"][number] | undefined> {
  if (location === undefined) return undefined;
  const its = await bucket.location();
  const within = WITHIN[location];
  if (its === location || (within !== undefined && its.startsWith(within))) return undefined;
  return {
    table: `gs://${bucket.name}`,
    difference: `it lies in ${its} and the dataset in ${location}, and BigQuery loads only from where the dataset is`,
    next: `gcloud storage buckets create gs://${bucket.name}-${location} --location ${location}`,
  };
}

/** What setup says of the bucket besides. Where it may not be looked at, what was made is told all the same. */
export async function withLocations(
  report: SetupReport,
  bucket: Bucket | undefined,
  warehouse: Warehouse,
): Promise<SetupReport> {
  if (!bucket) return report;
  try {
    const apart = await locationsApart(bucket, warehouse);
    return apart ? { ...report, differs: [...report.differs, apart] } : report;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { ...report, failed: [...report.failed, { name: `gs://${bucket.name}`, error }] };
  }
}
