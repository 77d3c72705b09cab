import type { GoogleAnswer } from "../call.ts";
import { jsonAnswer } from "../refusal.ts";
import { media } from "./download.ts";
import { patched } from "./fields.ts";
import { objectResource } from "./object.ts";
import { Preconditions } from "./preconditions.ts";
import { bucketOf, jsonIn, type StorageRequest, versionOf } from "./state.ts";
import { checkRetention } from "./write.ts";

export function getObject(request: StorageRequest): GoogleAnswer {
  const { query, origin } = request.call;
  if (query.get("alt") === "media") return downloadObject(request);
  const bucket = bucketOf(request);
  const version = versionOf(request);
  new Preconditions(query).check(version, true);
  return jsonAnswer(200, objectResource(version, bucket, origin));
}

export function downloadObject(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  const version = versionOf(request);
  new Preconditions(request.call.query).check(version, true);
  return media(version, bucket.storageClass, request.call.headers["range"]);
}

export function patchObject(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  const before = versionOf(request);
  new Preconditions(request.call.query).check(before, false);
  const version = {
    ...before,
    fields: patched(before.fields, jsonIn(request.call.body)),
    metageneration: before.metageneration + 1,
    updated: request.state.now(),
  };
  bucket.contents.update(version);
  return jsonAnswer(200, objectResource(version, bucket, request.call.origin));
}

/** Of a versioned bucket the live generation becomes a noncurrent one, unless the request names it. */
export function deleteObject(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  const version = versionOf(request);
  new Preconditions(request.call.query).check(version, false);
  if (bucket.versioned && !request.call.query.has("generation")) {
    bucket.contents.retire({ ...version, deleted: request.state.now() });
  } else {
    checkRetention(request.state, bucket, version);
    bucket.contents.drop(version);
  }
  return { status: 204, headers: {}, body: new Uint8Array() };
}
