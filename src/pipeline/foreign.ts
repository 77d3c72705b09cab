import { DataError } from "../core/errors.ts";
import { parseManifestKey, parsePartitionKey } from "../core/layout.ts";
import { shellWord } from "../core/shell.ts";
import { TABLES } from "../market/tables.ts";
import type { BucketObject } from "../ports/bucket.ts";
import type { BucketLake } from "./bucket-lake.ts";

/** An object under a lake's root in a bucket that is none of ours, and what may be done with it. */
export interface Foreign {
  /** `gs://…`. */
  readonly uri: string;
  readonly difference: string;
  readonly next: string;
}

/** Objects of ours say what they are. */
export const isOurs = ({ metadata }: BucketObject): boolean => /^[0-9a-f]{64}$/.test(metadata["sha256"] ?? "");

/** Beside the lake's root, where nothing of ours looks. */
const aside = (uri: string): string => uri.replace(/^(gs:\/\/[^/]+)\/(?:raw|synthetic)\//, "$1/legacy/");

/** An object's name and generation as gcloud reads them: brackets in what it takes for a pattern do not mean themselves. */
const exactly = (uri: string, generation: string): string => `${uri.replaceAll(/[[\]]/g, "?")}#${generation}`;

/** A destination may have nothing of a pattern, nor look like a generation. */
const plain = (uri: string): string => uri.replaceAll(/[*?[\]#]/g, "_");

/**
 * The command that puts an object out of the way: that very one, by its generation. By its name alone `mv` takes all that
 * lies below it along, and below a "folder" of a console's may be the lake. Nothing that was put aside before is replaced.
 */
export const moveCommand = (uri: string, { generation }: BucketObject): string =>
  `gcloud storage mv --if-generation-match=0 ${shellWord(exactly(uri, generation))} ${shellWord(plain(aside(uri)))}`;

/** Why nothing is put at a key: what is none of ours lies there. What a manifest means is ours, whoever put it there. */
export function foreignObject(remote: BucketLake, key: string): DataError | undefined {
  const there = remote.object(key);
  if (!there || isOurs(there) || remote.means(key)) return undefined;
  const uri = remote.bucket.uri(key);
  const why = `${uri} was there before and is none of candlelake's; it is not overwritten.`;
  return new DataError("foreign-object", why, moveCommand(uri, there));
}

function differenceOf(object: BucketObject): string | undefined {
  const { key } = object;
  // Manifests and refused rows have no metadata: their names alone are looked at.
  if (TABLES.some(({ name }) => parseManifestKey(name, key) ?? parsePartitionKey(name, key, "quarantine")))
    return undefined;
  const isNamed = TABLES.some(({ name }) => parsePartitionKey(name, key, "object"));
  if (!isNamed) return "its name is none of the lake's";
  return isOurs(object) ? undefined : "its metadata do not say that candlelake wrote it";
}

/** What of a bucket's objects was there before, or was put there by others, as far as no manifest that was read names it. */
export function foreigners(remote: BucketLake, objects: readonly BucketObject[]): readonly Foreign[] {
  return objects.flatMap((object) => {
    const difference = remote.means(object.key) ? undefined : differenceOf(object);
    const uri = remote.bucket.uri(object.key);
    return difference ? [{ uri, difference, next: moveCommand(uri, object) }] : [];
  });
}
