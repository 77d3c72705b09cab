import { GoogleRefusal, invalid } from "../refusal.ts";
import { need } from "./access.ts";
import type { Bucket } from "./bucket.ts";
import { type DeclaredSums, type ObjectFields, type ObjectVersion, rfc3339, sumsOf } from "./object.ts";
import type { Preconditions } from "./preconditions.ts";
import type { State, StorageRequest } from "./state.ts";

/** An object as it is to be written. */
export interface Draft {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly fields: ObjectFields;
  readonly declared?: DeclaredSums;
  /** Objects that it is composed of. */
  readonly components?: number;
}

/**
 * Makes the draft the live generation, or changes nothing.
 * @throws GoogleRefusal
 */
export function write(request: StorageRequest, bucket: Bucket, draft: Draft, conditions: Preconditions): ObjectVersion {
  const { state } = request;
  const { name, bytes, fields, components } = draft;
  checkName(name);
  const sums = sumsOf(bytes, draft.declared ?? {});
  const before = bucket.contents.live(name);
  if (before) need(request, "storage.objects.delete");
  conditions.check(before, false);
  if (before && !bucket.versioned) checkRetention(state, bucket, before);
  const now = state.now();
  const version: ObjectVersion = {
    name,
    generation: state.nextGeneration(),
    metageneration: 1,
    // The body belongs to the server, and may be a part of something larger.
    bytes: Buffer.from(bytes),
    crc32c: sums.crc32c,
    md5Hash: components === undefined ? sums.md5Hash : undefined,
    components,
    created: now,
    updated: now,
    deleted: undefined,
    fields,
  };
  bucket.contents.put(version, before && bucket.versioned ? { ...before, deleted: now } : undefined);
  return version;
}

/** Bytes of a name in UTF-8. */
const LONGEST_NAME = 1024;

function checkName(name: string): void {
  const bad =
    name === "" || name === "." || name === ".." || /[\r\n]/.test(name) || name.startsWith(".well-known/acme");
  if (bad || Buffer.byteLength(name) > LONGEST_NAME) throw invalid(`Invalid object name: '${name}'`);
}

/** @throws GoogleRefusal 403 where something keeps the object */
export function checkRetention(state: State, bucket: Bucket, { name, created, fields }: ObjectVersion): void {
  const object = `Object '${bucket.name}/${name}'`;
  if (fields.temporaryHold || fields.eventBasedHold) {
    const message = `${object} is under active ${fields.temporaryHold ? "Temporary" : "Event-Based"} hold and cannot be deleted, overwritten or archived until hold is removed.`;
    throw new GoogleRefusal(403, "objectUnderActiveHold", message);
  }
  const until = bucket.retainedUntil(created);
  if (until === undefined || until <= state.now()) return;
  const message = `${object} is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${rfc3339(until)}`;
  throw new GoogleRefusal(403, "retentionPolicyNotMet", message);
}
