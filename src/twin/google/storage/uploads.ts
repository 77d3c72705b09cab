import type { GoogleAnswer } from "../call.ts";
import { invalid, jsonAnswer } from "../refusal.ts";
import type { Json } from "./bucket.ts";
import { patched } from "./fields.ts";
import { type DeclaredSums, objectResource } from "./object.ts";
import { partsOf } from "./parts.ts";
import { Preconditions } from "./preconditions.ts";
import { bucketOf, jsonIn, type StorageRequest } from "./state.ts";
import { type Draft, write } from "./write.ts";

const OCTETS = "application/octet-stream";

/** `objects.insert` in one request: the bytes alone, or with their resource before them. */
export function insert(request: StorageRequest): GoogleAnswer {
  const { headers, body } = request.call;
  switch (request.call.query.get("uploadType")) {
    case "media":
      return store(request, draftOf(request, {}, body, headers["content-type"]));
    case "multipart": {
      const [resource, media, ...more] = partsOf(body, headers["content-type"]);
      if (!resource || !media || more.length > 0) throw invalid("Multipart upload requires exactly two parts.");
      return store(request, draftOf(request, jsonIn(resource.bytes), media.bytes, media.contentType));
    }
    default:
      throw invalid("Invalid uploadType: media, multipart and resumable are known.");
  }
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
  const [, inHeader] = /crc32c=([^,\s]+)/.exec(header ?? "") ?? [];
  const [, md5InHeader] = /md5=([^,\s]+)/.exec(header ?? "") ?? [];
  return {
    crc32c: typeof crc32c === "string" ? crc32c : inHeader,
    md5Hash: typeof md5Hash === "string" ? md5Hash : md5InHeader,
  };
}

function store(request: StorageRequest, draft: Draft): GoogleAnswer {
  const bucket = bucketOf(request);
  const version = write(request.state, bucket, draft, new Preconditions(request.call.query));
  return jsonAnswer(200, objectResource(version, bucket.name, bucket.storageClass, request.call.origin));
}
