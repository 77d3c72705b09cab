import type { GoogleAnswer } from "../call.ts";
import { deleteBucket, getBucket, insertBucket, patchBucket, testPermissions } from "./bucket-operations.ts";
import { listObjects } from "./listing.ts";
import { deleteObject, getObject, patchObject } from "./object-operations.ts";
import type { StorageRequest } from "./state.ts";
import { insert } from "./uploads.ts";

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (request: StorageRequest) => GoogleAnswer;
}

/** Some clients put their own base before `/b`. A slash within a name has to be percent-encoded. */
const BASE = "(?:/storage/v1)?";
const BUCKET = `${BASE}/b/(?<bucket>[^/]+)`;
const OBJECT = `${BUCKET}/o/(?<object>[^/]+)`;
const UPLOAD = "(?:/resumable)?/upload/storage/v1/b/(?<bucket>[^/]+)/o";

const route = (method: string, path: string, answer: Route["answer"]): Route => ({
  method,
  path: new RegExp(`^${path}$`),
  answer,
});

export const ROUTES: readonly Route[] = [
  route("POST", `${BASE}/b`, insertBucket),
  route("GET", BUCKET, getBucket),
  route("PATCH", BUCKET, patchBucket),
  route("DELETE", BUCKET, deleteBucket),
  route("GET", `${BUCKET}/iam/testPermissions`, testPermissions),
  route("POST", UPLOAD, insert),
  route("GET", `${BUCKET}/o`, listObjects),
  route("GET", OBJECT, getObject),
  route("GET", `/download${OBJECT}`, (request) =>
    getObject({ ...request, call: { ...request.call, query: withMedia(request.call.query) } }),
  ),
  route("PATCH", OBJECT, patchObject),
  route("DELETE", OBJECT, deleteObject),
];

function withMedia(query: URLSearchParams): URLSearchParams {
  const media = new URLSearchParams(query);
  media.set("alt", "media");
  return media;
}
