import { invalid } from "../refusal.ts";
import type { Json } from "./bucket.ts";
import type { ObjectFields } from "./object.ts";

const TEXTS = [
  "contentType",
  "contentEncoding",
  "contentDisposition",
  "contentLanguage",
  "cacheControl",
  "customTime",
  "storageClass",
] as const;
const FLAGS = ["temporaryHold", "eventBasedHold"] as const;

/** Bytes of all names and values together. https://cloud.google.com/storage/quotas#objects */
const MOST_METADATA = 8 * 1024;

/**
 * The fields after a change as `patch` means it: null takes a field away, of the metadata too, and what is not there stays.
 * @throws GoogleRefusal where a value is of the wrong kind
 */
export function patched(before: ObjectFields, resource: Json): ObjectFields {
  const fields = new Map<string, unknown>(Object.entries(before));
  const set = (name: string, kind: "string" | "boolean") => {
    const value = resource[name];
    if (value === undefined) return;
    if (value === null) fields.delete(name);
    else if (typeof value === kind) fields.set(name, value);
    else throw invalid(`Invalid value for ${name}: ${JSON.stringify(value)}`);
  };
  for (const name of TEXTS) set(name, "string");
  for (const name of FLAGS) set(name, "boolean");
  const { metadata } = resource;
  if (metadata === null) fields.delete("metadata");
  else if (metadata !== undefined) fields.set("metadata", patchedMetadata(before.metadata ?? {}, metadata));
  return Object.fromEntries(fields);
}

function patchedMetadata(before: Readonly<Record<string, string>>, change: unknown): Readonly<Record<string, string>> {
  if (typeof change !== "object" || Array.isArray(change)) throw invalid("Invalid value for metadata");
  const metadata = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(change ?? {})) {
    if (value === null) metadata.delete(name);
    else if (typeof value === "string") metadata.set(name, value);
    else throw invalid(`Invalid value for metadata.${name}: ${JSON.stringify(value)}`);
  }
  const bytes = [...metadata].flat().reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MOST_METADATA)
    throw invalid(`The custom metadata has ${bytes} byte(s), and an object's may have ${MOST_METADATA}.`);
  return Object.fromEntries(metadata);
}
