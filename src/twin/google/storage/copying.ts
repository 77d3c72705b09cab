import type { GoogleAnswer } from "../call.ts";
import { invalid, jsonAnswer } from "../refusal.ts";
import { need } from "./access.ts";
import type { Json } from "./bucket.ts";
import { patched } from "./fields.ts";
import { type ObjectVersion, objectResource } from "./object.ts";
import { Preconditions } from "./preconditions.ts";
import { bucketOf, jsonIn, type StorageRequest, versionOf } from "./state.ts";
import { write } from "./write.ts";

/** Objects that one request may compose. */
const MOST = 32;

export const copy = (request: StorageRequest): GoogleAnswer => jsonAnswer(200, copied(request).resource);

/** Everything in one call: a stand-in has no object so large that Google would ask for another. */
export function rewrite(request: StorageRequest): GoogleAnswer {
  const { size, resource } = copied(request);
  return jsonAnswer(200, {
    kind: "storage#rewriteResponse",
    totalBytesRewritten: size,
    objectSize: size,
    done: true,
    resource,
  });
}

function copied(request: StorageRequest): { readonly size: string; readonly resource: Json } {
  const { call } = request;
  need(request, "storage.objects.get");
  const source = versionOf(request, "sourceGeneration");
  new Preconditions(call.query, "ifSource").check(source, false);
  const bucket = bucketOf({ ...request, bucket: request.target.bucket });
  const given = jsonIn(call.body);
  // A resource stands for all of the source's own fields, not for some.
  const fields = Object.keys(given).length === 0 ? source.fields : patched({}, given);
  const draft = { name: request.target.object, bytes: source.bytes, fields };
  const version = write(request, bucket, draft, new Preconditions(call.query));
  return { size: String(source.bytes.byteLength), resource: objectResource(version, bucket, call.origin) };
}

/** Makes one object of several in the same bucket, one after the other. */
export function compose(request: StorageRequest): GoogleAnswer {
  const { call } = request;
  const bucket = bucketOf(request);
  const { sourceObjects, destination = {} } = jsonIn(call.body);
  if (!Array.isArray(sourceObjects) || sourceObjects.length === 0 || sourceObjects.length > MOST)
    throw invalid(`The number of source components provided is not between 1 and ${MOST}.`);
  need(request, "storage.objects.get");
  const sources = sourceObjects.map((source: unknown) => sourceOf(request, { ...Object(source) }));
  const draft = {
    name: request.object,
    bytes: Buffer.concat(sources.map(({ bytes }) => bytes)),
    fields: patched({}, { ...Object(destination) }),
    components: sources.reduce((sum, { components = 1 }) => sum + components, 0),
  };
  const version = write(request, bucket, draft, new Preconditions(call.query));
  return jsonAnswer(200, objectResource(version, bucket, call.origin));
}

function sourceOf(request: StorageRequest, { name, generation, objectPreconditions }: Json): ObjectVersion {
  if (typeof name !== "string") throw invalid("Required: sourceObjects.name");
  const query = new URLSearchParams(generation === undefined ? {} : { generation: String(generation) });
  const version = versionOf({ ...request, object: name, call: { ...request.call, query } });
  const expected: unknown = Reflect.get(Object(objectPreconditions), "ifGenerationMatch");
  const conditions = new URLSearchParams(expected === undefined ? {} : { ifGenerationMatch: String(expected) });
  new Preconditions(conditions).check(version, false);
  return version;
}
