import type { GoogleAnswer } from "../call.ts";
import {
  deleteBucket,
  getBucket,
  insertBucket,
  listBuckets,
  listManagedFolders,
  patchBucket,
  storageLayout,
  testPermissions,
} from "./bucket-operations.ts";
import { compose, copy, rewrite } from "./copying.ts";
import { listObjects } from "./listing.ts";
import { deleteObject, downloadObject, getObject, patchObject } from "./object-operations.ts";
import type { StorageRequest } from "./state.ts";
import { cancel, insert, resume } from "./uploads.ts";

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** What the caller needs whatever the state; undefined where the answer itself tells. */
  readonly permission: string | undefined;
  readonly answer: (request: StorageRequest) => GoogleAnswer;
}

/** Some clients put their own base before `/b`. A slash within a name has to be percent-encoded. */
const BUCKETS = "(?:/storage/v1)?/b";
const BUCKET = `${BUCKETS}/(?<bucket>[^/]+)`;
const OBJECT = `${BUCKET}/o/(?<object>[^/]+)`;
const TARGET = "b/(?<toBucket>[^/]+)/o/(?<toObject>[^/]+)";
const UPLOAD = "(?:/resumable)?/upload/storage/v1/b/(?<bucket>[^/]+)/o";

const route = (method: string, path: string, permission: string | undefined, answer: Route["answer"]): Route => ({
  method,
  path: new RegExp(`^${path}$`),
  permission: permission && `storage.${permission}`,
  answer,
});

export const ROUTES: readonly Route[] = [
  route("GET", BUCKETS, "buckets.list", listBuckets),
  route("POST", BUCKETS, "buckets.create", insertBucket),
  route("GET", BUCKET, "buckets.get", getBucket),
  route("PATCH", BUCKET, "buckets.update", patchBucket),
  route("DELETE", BUCKET, "buckets.delete", deleteBucket),
  route("GET", `${BUCKET}/iam/testPermissions`, undefined, testPermissions),
  route("GET", `${BUCKET}/storageLayout`, "objects.list", storageLayout),
  route("GET", `${BUCKET}/managedFolders`, "managedFolders.list", listManagedFolders),
  route("POST", UPLOAD, "objects.create", insert),
  route("PUT", UPLOAD, "objects.create", resume),
  route("DELETE", UPLOAD, undefined, cancel),
  route("GET", `${BUCKET}/o`, "objects.list", listObjects),
  route("GET", OBJECT, "objects.get", getObject),
  route("GET", `/download${OBJECT}`, "objects.get", downloadObject),
  route("PATCH", OBJECT, "objects.update", patchObject),
  route("DELETE", OBJECT, "objects.delete", deleteObject),
  route("POST", `${OBJECT}/rewriteTo/${TARGET}`, "objects.create", rewrite),
  route("POST", `${OBJECT}/copyTo/${TARGET}`, "objects.create", copy),
  route("POST", `${OBJECT}/compose`, "objects.create", compose),
];
