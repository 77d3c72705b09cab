import type { FileMetadata } from "@google-cloud/storage";
import type { BucketObject } from "../../ports/bucket.ts";

/** All that is looked at of an object in a list. */
export const LIST_FIELDS = "items(name,size,generation,crc32c,timeCreated,metadata),nextPageToken";

/** An object resource as ours; numbers beyond 32 bits come as texts. */
export function objectOf(resource: FileMetadata, root: string): BucketObject {
  const { name = "", size, generation, timeCreated, crc32c = "", metadata = {} } = resource;
  return {
    key: name.slice(root.length),
    bytes: Number(size),
    generation: String(generation),
    crc32c,
    created: Date.parse(String(timeCreated)),
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)])),
  };
}

const sameMetadata = (a: BucketObject["metadata"], b: BucketObject["metadata"]): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((key) => a[key] === b[key]);

/** Whether an object is what a writer meant to write. */
export const isWritten = (
  { bytes, crc32c, metadata }: BucketObject,
  wanted: Pick<BucketObject, "bytes" | "crc32c" | "metadata">,
): boolean => bytes === wanted.bytes && crc32c === wanted.crc32c && sameMetadata(metadata, wanted.metadata);

export const typeOf = (key: string): string =>
  key.endsWith(".json") ? "application/json" : "application/vnd.apache.parquet";
