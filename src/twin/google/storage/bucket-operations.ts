import type { GoogleAnswer } from "../call.ts";
import { GoogleRefusal, invalid, jsonAnswer } from "../refusal.ts";
import { Bucket } from "./bucket.ts";
import { Preconditions } from "./preconditions.ts";
import { bucketOf, jsonIn, type StorageRequest } from "./state.ts";

export function insertBucket({ call, state }: StorageRequest): GoogleAnswer {
  if (!call.query.get("project")) throw invalid("Required parameter: project");
  const bucket = new Bucket(jsonIn(call.body), state.now());
  if (state.buckets.has(bucket.name)) {
    const message = "Your previous request to create the named bucket succeeded and you already own it.";
    throw new GoogleRefusal(409, "conflict", message);
  }
  state.buckets.set(bucket.name, bucket);
  return jsonAnswer(200, bucket.resource(call.origin));
}

export function getBucket(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  new Preconditions(request.call.query).check(bucket.state, true);
  return jsonAnswer(200, bucket.resource(request.call.origin));
}

export function patchBucket(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  new Preconditions(request.call.query).check(bucket.state, false);
  bucket.patch(jsonIn(request.call.body), request.state.now());
  return jsonAnswer(200, bucket.resource(request.call.origin));
}

export function deleteBucket(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  new Preconditions(request.call.query).check(bucket.state, false);
  if (!bucket.contents.empty) throw new GoogleRefusal(409, "conflict", "The bucket you tried to delete is not empty.");
  request.state.buckets.delete(bucket.name);
  return { status: 204, headers: {}, body: new Uint8Array() };
}

export function testPermissions(request: StorageRequest): GoogleAnswer {
  bucketOf(request);
  const asked = request.call.query.getAll("permissions");
  return jsonAnswer(200, { kind: "storage#testIamPermissionsResponse", permissions: asked });
}
