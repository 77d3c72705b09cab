import { createHash } from "node:crypto";
import type { StoredObjects } from "../call.ts";
import { crc32c } from "./crc32c.ts";
import { notFound, StorageRefusal, unmet } from "./refusal.ts";

export interface StoredVersion {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly generation: number;
  readonly metageneration: number;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly crc32c: string;
  readonly md5: string;
  /** Milliseconds. */
  readonly created: number;
  readonly updated: number;
}

export interface BucketState {
  readonly name: string;
  readonly location: string;
  readonly created: number;
  /** Seconds; undefined where overwriting is free. */
  readonly retention: number | undefined;
  readonly versioning: boolean;
  readonly live: Map<string, StoredVersion>;
  /** Replaced or removed versions, where they are kept. */
  readonly noncurrent: StoredVersion[];
}

/** What a request says must hold of the object as it is. */
export interface Conditions {
  readonly ifGenerationMatch: number | undefined;
  readonly ifGenerationNotMatch: number | undefined;
  readonly ifMetagenerationMatch: number | undefined;
  readonly ifMetagenerationNotMatch: number | undefined;
}

/** What is to be written, and what its writer says of it. */
export interface Upload {
  readonly name: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly crc32c: string | undefined;
  readonly md5: string | undefined;
}

/** The buckets and what is in them. Names are listed in the order of their UTF-8 bytes, as the service does. */
export class Buckets implements StoredObjects {
  readonly #buckets = new Map<string, BucketState>();
  readonly #now: () => number;
  #generation = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  create(
    name: string,
    settings: Partial<Pick<BucketState, "location" | "retention" | "versioning">> = {},
  ): BucketState {
    if (this.#buckets.has(name)) {
      const why = "Your previous request to create the named bucket succeeded and you already own it.";
      throw new StorageRefusal(409, "conflict", why);
    }
    const { location = "US", retention, versioning = false } = settings;
    const created = this.#now();
    const bucket = { name, location, created, retention, versioning, live: new Map(), noncurrent: [] };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  get(name: string): BucketState {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw notFound("The specified bucket does not exist.");
    return bucket;
  }

  all(): readonly BucketState[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  change(name: string, settings: Partial<Pick<BucketState, "retention" | "versioning">>): BucketState {
    const changed = { ...this.get(name), ...settings };
    this.#buckets.set(name, changed);
    return changed;
  }

  drop(name: string): void {
    if (this.get(name).live.size > 0)
      throw new StorageRefusal(409, "conflict", "The bucket you tried to delete is not empty.");
    this.#buckets.delete(name);
  }

  location(bucket: string): string | undefined {
    return this.#buckets.get(bucket)?.location.toLowerCase();
  }

  names(bucket: string, prefix: string): readonly string[] {
    return [...(this.#buckets.get(bucket)?.live.keys() ?? [])].filter((name) => name.startsWith(prefix)).sort(byBytes);
  }

  read(bucket: string, name: string): Uint8Array | undefined {
    return this.#buckets.get(bucket)?.live.get(name)?.bytes;
  }

  /** The live version, or one of another generation that is kept. */
  version(bucket: BucketState, name: string, generation?: number): StoredVersion {
    const live = bucket.live.get(name);
    const found =
      generation === undefined || live?.generation === generation
        ? live
        : bucket.noncurrent.find((version) => version.name === name && version.generation === generation);
    if (!found) throw notFound(`No such object: ${bucket.name}/${name}`);
    return found;
  }

  /** Puts a whole object in place. A torn or forbidden one leaves nothing behind. */
  write(bucket: BucketState, upload: Upload, bytes: Uint8Array, conditions: Conditions): StoredVersion {
    const { name } = upload;
    const before = bucket.live.get(name);
    check(before, conditions);
    const own = { crc32c: crc32c(bytes), md5: createHash("md5").update(bytes).digest("base64") };
    for (const kind of ["crc32c", "md5"] as const) {
      const told = upload[kind];
      if (told !== undefined && told !== own[kind]) {
        const hash = kind === "md5" ? "MD5 hash" : "CRC32C";
        const why = `Provided ${hash} "${told}" doesn't match calculated ${hash} "${own[kind]}".`;
        throw new StorageRefusal(400, "invalid", why);
      }
    }
    if (before) this.#replace(bucket, before);
    const now = this.#now();
    // Microseconds, as the service's look, and never the same twice.
    this.#generation = Math.max(this.#generation + 1, now * 1000);
    const { contentType, metadata } = upload;
    const version = {
      name,
      bytes,
      generation: this.#generation,
      metageneration: 1,
      contentType,
      metadata,
      ...own,
      created: now,
      updated: now,
    };
    bucket.live.set(name, version);
    return version;
  }

  annotate(
    bucket: BucketState,
    name: string,
    metadata: StoredVersion["metadata"],
    conditions: Conditions,
  ): StoredVersion {
    const before = this.version(bucket, name);
    check(before, conditions);
    const after = { ...before, metadata, metageneration: before.metageneration + 1, updated: this.#now() };
    bucket.live.set(name, after);
    return after;
  }

  remove(bucket: BucketState, name: string, generation: number | undefined, conditions: Conditions): void {
    const before = this.version(bucket, name, generation);
    check(before, conditions);
    this.#replace(bucket, before);
    bucket.live.delete(name);
  }

  #replace(bucket: BucketState, before: StoredVersion): void {
    const { retention } = bucket;
    if (retention !== undefined && this.#now() < before.created + retention * 1000) {
      const until = new Date(before.created + retention * 1000).toISOString();
      const why = `Object '${bucket.name}/${before.name}' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${until}`;
      throw new StorageRefusal(403, "retentionPolicyNotMet", why);
    }
    if (bucket.versioning) bucket.noncurrent.push(before);
  }
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** @throws StorageRefusal 412; of a reader's `NotMatch` 304 */
export function check(version: StoredVersion | undefined, conditions: Conditions): void {
  const generation = version?.generation ?? 0;
  const { ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch, ifMetagenerationNotMatch } = conditions;
  if (ifGenerationMatch !== undefined && ifGenerationMatch !== generation) throw unmet();
  if (ifGenerationNotMatch !== undefined && ifGenerationNotMatch === generation) throw unmet();
  if (ifMetagenerationMatch !== undefined && ifMetagenerationMatch !== version?.metageneration) throw unmet();
  if (ifMetagenerationNotMatch !== undefined && ifMetagenerationNotMatch === version?.metageneration) throw unmet();
}
