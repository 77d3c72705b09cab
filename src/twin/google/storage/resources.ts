import type { BucketState, StoredVersion } from "./buckets.ts";

const time = (millis: number): string => new Date(millis).toISOString();

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export function objectResource(bucket: BucketState, version: StoredVersion, origin: string): Record<string, unknown> {
  const path = `/storage/v1/b/${bucket.name}/o/${encodeURIComponent(version.name)}`;
  return {
    kind: "storage#object",
    id: `${bucket.name}/${version.name}/${version.generation}`,
    selfLink: `${origin}${path}`,
    mediaLink: `${origin}/download${path}?generation=${version.generation}&alt=media`,
    name: version.name,
    bucket: bucket.name,
    generation: String(version.generation),
    metageneration: String(version.metageneration),
    contentType: version.contentType,
    storageClass: "STANDARD",
    size: String(version.bytes.byteLength),
    md5Hash: version.md5,
    crc32c: version.crc32c,
    etag: Buffer.from(`${version.generation}/${version.metageneration}`).toString("base64"),
    timeCreated: time(version.created),
    updated: time(version.updated),
    timeStorageClassUpdated: time(version.created),
    ...(version.metadata ? { metadata: version.metadata } : {}),
  };
}

/** https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
export function bucketResource(bucket: BucketState, origin: string): Record<string, unknown> {
  return {
    kind: "storage#bucket",
    id: bucket.name,
    selfLink: `${origin}/storage/v1/b/${bucket.name}`,
    name: bucket.name,
    projectNumber: "1",
    metageneration: "1",
    location: bucket.location.toUpperCase(),
    locationType: /^(?:US|EU|ASIA)$/i.test(bucket.location) ? "multi-region" : "region",
    storageClass: "STANDARD",
    etag: "CAE=",
    timeCreated: time(bucket.created),
    updated: time(bucket.created),
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    softDeletePolicy: { retentionDurationSeconds: "604800" },
    ...(bucket.versioning ? { versioning: { enabled: true } } : {}),
    ...(bucket.retention === undefined
      ? {}
      : { retentionPolicy: { retentionPeriod: String(bucket.retention), effectiveTime: time(bucket.created) } }),
  };
}

/** `items(name,size),nextPageToken`: only what was asked for. Unknown names select nothing. */
export function selectFields(value: Record<string, unknown>, fields: string | null): Record<string, unknown> {
  if (fields === null || fields === "" || fields.includes("*")) return value;
  const selected: Record<string, unknown> = {};
  for (const [, name = "", inner] of fields.matchAll(/([A-Za-z0-9]+)(?:\(((?:[^()]|\([^()]*\))*)\))?/g)) {
    const member = value[name];
    if (member === undefined) continue;
    const narrow = (one: unknown) => selectFields(one as Record<string, unknown>, inner ?? null);
    selected[name] = inner === undefined ? member : Array.isArray(member) ? member.map(narrow) : narrow(member);
  }
  return selected;
}
