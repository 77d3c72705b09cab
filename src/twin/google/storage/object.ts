import { createHash } from "node:crypto";
import { invalid } from "../refusal.ts";
import { crc32c } from "./crc32c.ts";

/** What a writer may say of an object beside its bytes. */
export interface ObjectFields {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  readonly cacheControl?: string;
  readonly customTime?: string;
  readonly storageClass?: string;
  readonly temporaryHold?: boolean;
  readonly eventBasedHold?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One generation of an object. */
export interface ObjectVersion {
  readonly name: string;
  /** Microseconds since the epoch, or more: every write in the stand-in gets a greater one. */
  readonly generation: number;
  readonly metageneration: number;
  readonly bytes: Uint8Array;
  readonly crc32c: string;
  /** undefined of composed objects. */
  readonly md5Hash: string | undefined;
  /** Objects that it was composed of. */
  readonly components: number | undefined;
  /** Milliseconds, as `updated` and `deleted`. */
  readonly created: number;
  readonly updated: number;
  /** When it ceased to be the live one; undefined of the live one. */
  readonly deleted: number | undefined;
  readonly fields: ObjectFields;
}

/** Sums that the writer declared. */
export interface DeclaredSums {
  readonly crc32c?: string | undefined;
  readonly md5Hash?: string | undefined;
}

/** @throws GoogleRefusal where a declared sum is not that of the bytes */
export function sumsOf(bytes: Uint8Array, declared: DeclaredSums): { crc32c: string; md5Hash: string } {
  const sums = { crc32c: crc32c(bytes), md5Hash: createHash("md5").update(bytes).digest("base64") };
  if (declared.crc32c !== undefined && declared.crc32c !== sums.crc32c)
    throw invalid(`Provided CRC32C "${declared.crc32c}" doesn't match calculated CRC32C "${sums.crc32c}".`);
  if (declared.md5Hash !== undefined && declared.md5Hash !== sums.md5Hash)
    throw invalid(`Provided MD5 hash "${declared.md5Hash}" doesn't match calculated MD5 hash "${sums.md5Hash}".`);
  return sums;
}

/** The object resource of the JSON API: 64-bit numbers are strings, times RFC 3339. */
export function objectResource(
  version: ObjectVersion,
  { name: bucket, storageClass }: { readonly name: string; readonly storageClass: string },
  origin: string,
): Readonly<Record<string, unknown>> {
  const { name, bytes, created, updated, deleted, fields, components } = version;
  const generation = String(version.generation);
  const path = `${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
  return {
    kind: "storage#object",
    id: `${bucket}/${name}/${generation}`,
    selfLink: `${origin}/storage/v1/b/${path}`,
    mediaLink: `${origin}/download/storage/v1/b/${path}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation,
    metageneration: String(version.metageneration),
    ...fields,
    storageClass: fields.storageClass ?? storageClass,
    size: String(bytes.byteLength),
    ...(version.md5Hash === undefined ? {} : { md5Hash: version.md5Hash }),
    crc32c: version.crc32c,
    etag: etagOf(version),
    ...(components === undefined ? {} : { componentCount: components }),
    timeCreated: rfc3339(created),
    updated: rfc3339(updated),
    timeStorageClassUpdated: rfc3339(created),
    timeFinalized: rfc3339(created),
    ...(deleted === undefined ? {} : { timeDeleted: rfc3339(deleted) }),
  };
}

export const rfc3339 = (time: number): string => new Date(time).toISOString();

/** As Google makes them: a protocol buffer of both numbers, in base64. */
export function etagOf({ generation, metageneration }: Pick<ObjectVersion, "generation" | "metageneration">): string {
  return Buffer.from([0x08, ...varint(generation), 0x10, ...varint(metageneration)]).toString("base64");
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}
