import type { GoogleCall } from "../call.ts";
import { GoogleRefusal, invalid } from "../refusal.ts";
import type { Sessions } from "../sessions.ts";
import { type Bucket, type Json, noBucket } from "./bucket.ts";
import type { ObjectVersion } from "./object.ts";

/** Everything that the stand-in knows. */
export interface State {
  readonly buckets: Map<string, Bucket>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly nextGeneration: () => number;
  readonly sessions: Sessions;
}

/** A request with what its path names; a name that the path lacks is empty. */
export interface StorageRequest {
  readonly call: GoogleCall;
  readonly state: State;
  readonly bucket: string;
  readonly object: string;
  /** Where a copy goes. */
  readonly target: { readonly bucket: string; readonly object: string };
}

/** @throws GoogleRefusal 404 */
export function bucketOf({ state, bucket }: Pick<StorageRequest, "state" | "bucket">): Bucket {
  const found = state.buckets.get(bucket);
  if (!found) throw noBucket();
  return found;
}

/**
 * The generation that the request names, or the live one.
 * @throws GoogleRefusal 404
 */
export function versionOf(request: StorageRequest, parameter = "generation"): ObjectVersion {
  const { contents } = bucketOf(request);
  const generation = request.call.query.get(parameter);
  if (generation !== null && !/^\d+$/.test(generation)) throw invalid(`Invalid value for ${parameter}: ${generation}`);
  const found =
    generation === null ? contents.live(request.object) : contents.version(request.object, Number(generation));
  if (!found) throw new GoogleRefusal(404, "notFound", `No such object: ${request.bucket}/${request.object}`);
  return found;
}

/** @throws GoogleRefusal where it is no JSON object */
export function jsonIn(bytes: Uint8Array): Json {
  if (bytes.byteLength === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    throw new GoogleRefusal(400, "parseError", "Parse Error");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new GoogleRefusal(400, "parseError", "Parse Error");
}
