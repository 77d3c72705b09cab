import type { GoogleAnswer } from "../call.ts";
import { GoogleRefusal, invalid, jsonAnswer } from "../refusal.ts";
import { Bucket } from "./bucket.ts";
import { pageSize, placeIn, tokenOf } from "./pages.ts";
import { Preconditions } from "./preconditions.ts";
import { bucketOf, jsonIn, type StorageRequest } from "./state.ts";

function checkProject({ call }: StorageRequest): void {
  if (!call.query.get("project")) throw new GoogleRefusal(400, "required", "Required parameter: project");
}

export function listBuckets(request: StorageRequest): GoogleAnswer {
  const { call, state } = request;
  checkProject(request);
  const prefix = call.query.get("prefix") ?? "";
  const after = placeIn(call.query.get("pageToken"))?.name ?? "";
  const size = pageSize(call.query);
  const names = [...state.buckets.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
  const last = names.length > size ? names[size - 1] : undefined;
  const items = names.slice(0, size).flatMap((name) => state.buckets.get(name)?.resource(call.origin) ?? []);
  return jsonAnswer(200, {
    kind: "storage#buckets",
    ...(last === undefined ? {} : { nextPageToken: tokenOf({ name: last, generation: 0 }) }),
    items,
  });
}

export function insertBucket(request: StorageRequest): GoogleAnswer {
  const { call, state } = request;
  checkProject(request);
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

/** Those of the asked permissions that the caller has. */
export function testPermissions(request: StorageRequest): GoogleAnswer {
  bucketOf(request);
  const asked = request.call.query.getAll("permissions");
  if (asked.length === 0) throw invalid("Required parameter: permissions");
  const permissions = asked.filter((permission) => request.call.may?.(permission, request.bucket) ?? true);
  return jsonAnswer(200, { kind: "storage#testIamPermissionsResponse", permissions });
}

/** What clients ask before they deal with folders, which this stand-in's buckets have none of. */
export function storageLayout(request: StorageRequest): GoogleAnswer {
  const { name, location } = bucketOf(request);
  return jsonAnswer(200, {
    kind: "storage#storageLayout",
    bucket: name,
    location: location.toUpperCase(),
    hierarchicalNamespace: { enabled: false },
  });
}

export function listManagedFolders(request: StorageRequest): GoogleAnswer {
  bucketOf(request);
  return jsonAnswer(200, { kind: "storage#managedFolders", items: [] });
}
