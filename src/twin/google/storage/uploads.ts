import type { GoogleAnswer } from "../call.ts";
import { partsOf } from "../parts.ts";
import { GoogleRefusal, invalid, jsonAnswer } from "../refusal.ts";
import { begun, progress, receive } from "../sessions.ts";
import type { Json } from "./bucket.ts";
import { patched } from "./fields.ts";
import { type DeclaredSums, objectResource } from "./object.ts";
import { Preconditions } from "./preconditions.ts";
import { bucketOf, jsonIn, type StorageRequest } from "./state.ts";
import { type Draft, write } from "./write.ts";

const OCTETS = "application/octet-stream";

/** `objects.insert`: the bytes alone, or with their resource before them, or the beginning of an upload in pieces. */
export function insert(request: StorageRequest): GoogleAnswer {
  const { headers, body, query } = request.call;
  switch (query.get("uploadType")) {
    case "media":
      return store(request, draftOf(request, {}, body, headers["content-type"]));
    case "multipart": {
      const [resource, media, ...more] = partsOf(body, headers["content-type"]);
      if (!resource || !media || more.length > 0) throw invalid("Multipart upload requires exactly two parts.");
      return store(request, draftOf(request, jsonIn(resource.bytes), media.bytes, media.contentType));
    }
    case "resumable":
      return begin(request);
    default:
      throw invalid("Invalid uploadType: media, multipart and resumable are known.");
  }
}

function begin(request: StorageRequest): GoogleAnswer {
  const { call, state } = request;
  const { name } = draftOf(request, jsonIn(call.body), new Uint8Array(), undefined);
  new Preconditions(call.query).check(bucketOf(request).contents.live(name), false);
  return begun(state.sessions.begin(call), call, `name=${encodeURIComponent(name)}&`);
}

/** A piece of an upload; the last one makes the object, under the conditions that the upload began with. */
export function resume(request: StorageRequest): GoogleAnswer {
  const session = request.state.sessions.find(request.call.query.get("upload_id") ?? "");
  if (session.ended) return session.ended;
  const bytes = receive(session, request.call);
  if (!bytes) return progress(session);
  const first = session.begun;
  const resource = jsonIn(first.body);
  const whole = { ...request, call: { ...first, origin: request.call.origin } };
  const draft = draftOf(whole, resource, bytes, first.headers["x-upload-content-type"]);
  try {
    const declared = declaredIn(resource, request.call.headers["x-goog-hash"]);
    session.ended = store(whole, { ...draft, declared });
  } catch (error) {
    if (!(error instanceof GoogleRefusal)) throw error;
    session.ended = error.answer;
  }
  return session.ended;
}

/** Google's own answer to an upload that was called off. */
export function cancel({ state, call }: StorageRequest): GoogleAnswer {
  const session = state.sessions.find(call.query.get("upload_id") ?? "");
  session.ended = { status: 499, headers: {}, body: new Uint8Array() };
  return session.ended;
}

function draftOf({ call }: StorageRequest, resource: Json, bytes: Uint8Array, contentType: string | undefined): Draft {
  const name = call.query.get("name") ?? resource["name"];
  if (typeof name !== "string") throw invalid("Required parameter: name");
  const encoding = call.query.get("contentEncoding");
  const fields = patched(
    { contentType: contentType ?? OCTETS, ...(encoding === null ? {} : { contentEncoding: encoding }) },
    resource,
  );
  return { name, bytes, fields, declared: declaredIn(resource, call.headers["x-goog-hash"]) };
}

/** In the resource, or in a header as downloads have it: `crc32c=…,md5=…`. */
function declaredIn({ crc32c, md5Hash }: Json, header: string | undefined): DeclaredSums {
  const [, crc32cInHeader] = /crc32c=([^,\s]+)/.exec(header ?? "") ?? [];
  const [, md5InHeader] = /md5=([^,\s]+)/.exec(header ?? "") ?? [];
  return {
    crc32c: typeof crc32c === "string" ? crc32c : crc32cInHeader,
    md5Hash: typeof md5Hash === "string" ? md5Hash : md5InHeader,
  };
}

function store(request: StorageRequest, draft: Draft): GoogleAnswer {
  const bucket = bucketOf(request);
  const version = write(request, bucket, draft, new Preconditions(request.call.query));
  return jsonAnswer(200, objectResource(version, bucket, request.call.origin));
}
