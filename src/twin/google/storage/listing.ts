import type { GoogleAnswer } from "../call.ts";
import { invalid, jsonAnswer } from "../refusal.ts";
import type { Bucket } from "./bucket.ts";
import { byteOrder } from "./contents.ts";
import { type ObjectVersion, objectResource } from "./object.ts";
import { bucketOf, type StorageRequest } from "./state.ts";

/** The most that a page holds, and what it holds by default. */
const PAGE = 1_000;

/** `objects.list`: items and prefixes together, in the order of their names, a page at a time. */
export function listObjects(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  const { query, origin } = request.call;
  const size = pageSize(query);
  const entries = entriesOf(bucket, query);
  const page: Entry[] = [];
  for (const entry of entries) {
    if (page.length === size) {
      const last = page.at(-1);
      return answer(page, last && tokenOf(last));
    }
    page.push(entry);
  }
  return answer(page, undefined);

  function answer(found: readonly Entry[], nextPageToken: string | undefined): GoogleAnswer {
    const prefixes = found.flatMap(({ prefix }) => prefix ?? []);
    const items = found.flatMap(({ version }) =>
      version ? [objectResource(version, bucket.name, bucket.storageClass, origin)] : [],
    );
    return jsonAnswer(200, {
      kind: "storage#objects",
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
      ...(prefixes.length > 0 ? { prefixes } : {}),
      ...(items.length > 0 ? { items } : {}),
    });
  }
}

export function pageSize(query: URLSearchParams): number {
  const text = query.get("maxResults");
  if (text === null) return PAGE;
  if (!/^\d+$/.test(text)) throw invalid(`Invalid value for maxResults: ${text}`);
  return Math.min(Number(text) || PAGE, PAGE);
}

/** Either an object or what stands for all that begin with it. */
type Entry =
  | { readonly prefix: string; readonly version?: undefined }
  | { readonly prefix?: undefined; readonly version: ObjectVersion };

/** Where the next page begins: after this name, and of this name after this generation. */
interface Place {
  readonly name: string;
  readonly generation: number;
}

const tokenOf = ({ prefix, version }: Entry): string => {
  const place = prefix === undefined ? [version.name, version.generation] : [prefix];
  return Buffer.from(JSON.stringify(place)).toString("base64url");
};

function placeIn(token: string): Place {
  try {
    const [name, generation]: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString());
    if (typeof name === "string")
      return { name, generation: typeof generation === "number" ? generation : Number.POSITIVE_INFINITY };
  } catch {
    // Told below: it was not one of ours.
  }
  throw invalid("Invalid value for pageToken");
}

function* entriesOf(bucket: Bucket, query: URLSearchParams): Generator<Entry> {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const versions = query.get("versions") === "true";
  const start = byteOrder(query.get("startOffset") ?? "");
  const end = query.get("endOffset");
  const token = query.get("pageToken");
  const after = token === null ? undefined : placeIn(token);
  const { contents } = bucket;
  let common: string | undefined;
  for (const name of contents.names()) {
    if (!name.startsWith(prefix)) continue;
    const order = byteOrder(name);
    if (order < start || (end && order >= byteOrder(end))) continue;
    const live = contents.live(name);
    if (!live && !versions) continue;
    const cut = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
    if (cut >= 0) {
      const folder = name.slice(0, cut + delimiter.length);
      const trailing = folder === name && query.get("includeTrailingDelimiter") === "true";
      if (folder !== common && !(after && byteOrder(folder) <= byteOrder(after.name))) yield { prefix: folder };
      common = folder;
      if (!trailing) continue;
    }
    for (const version of versions ? contents.versions(name) : live ? [live] : []) {
      if (after && order < byteOrder(after.name)) continue;
      if (after && name === after.name && version.generation <= after.generation) continue;
      yield { version };
    }
  }
}
