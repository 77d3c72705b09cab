import type { GoogleAnswer } from "../call.ts";
import { jsonAnswer } from "../refusal.ts";
import type { Bucket } from "./bucket.ts";
import { byteOrder } from "./contents.ts";
import { type ObjectVersion, objectResource } from "./object.ts";
import { type Place, pageSize, placeIn, tokenOf } from "./pages.ts";
import { bucketOf, type StorageRequest } from "./state.ts";

/** Either an object or what stands for all that begin with it. */
type Entry =
  | { readonly prefix: string; readonly version?: undefined }
  | { readonly prefix?: undefined; readonly version: ObjectVersion };

/** `objects.list`: items and prefixes together, in the order of their names, a page at a time. */
export function listObjects(request: StorageRequest): GoogleAnswer {
  const bucket = bucketOf(request);
  const { query, origin } = request.call;
  const size = pageSize(query);
  const page: Entry[] = [];
  let next: string | undefined;
  for (const entry of entriesOf(bucket, query)) {
    const last = page[size - 1];
    if (last) {
      next = tokenOf(placeOf(last));
      break;
    }
    page.push(entry);
  }
  const prefixes = page.flatMap(({ prefix }) => prefix ?? []);
  const items = page.flatMap(({ version }) => (version ? [objectResource(version, bucket, origin)] : []));
  return jsonAnswer(200, {
    kind: "storage#objects",
    ...(next === undefined ? {} : { nextPageToken: next }),
    ...(prefixes.length > 0 ? { prefixes } : {}),
    ...(items.length > 0 ? { items } : {}),
  });
}

const placeOf = ({ prefix, version }: Entry): Place =>
  prefix === undefined
    ? { name: version.name, generation: version.generation }
    : { name: prefix, generation: Number.POSITIVE_INFINITY };

function* entriesOf(bucket: Bucket, query: URLSearchParams): Generator<Entry> {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const versions = query.get("versions") === "true";
  const trailing = query.get("includeTrailingDelimiter") === "true";
  const end = query.get("endOffset");
  const after = placeIn(query.get("pageToken"));
  const { contents } = bucket;
  let folder: string | undefined;
  for (const name of contents.names(latest([prefix, query.get("startOffset") ?? "", after?.name ?? ""]))) {
    if (!name.startsWith(prefix) || (end && byteOrder(name) >= byteOrder(end))) return;
    const found = versions ? contents.versions(name) : [contents.live(name) ?? []].flat();
    if (found.length === 0) continue;
    const cut = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
    const common = cut < 0 ? undefined : name.slice(0, cut + delimiter.length);
    if (common === undefined || (trailing && common === name)) {
      for (const version of found) if (after?.name !== name || version.generation > after.generation) yield { version };
    }
    if (common !== undefined && common !== folder && !endedWith(after, common)) yield { prefix: common };
    folder = common;
  }
}

/** Whether this prefix was on a page before; the object of the same name comes just before it. */
const endedWith = (after: Place | undefined, prefix: string): boolean =>
  after?.name === prefix && after.generation === Number.POSITIVE_INFINITY;

const latest = (names: readonly string[]): string =>
  names.reduce((last, name) => (byteOrder(name) > byteOrder(last) ? name : last));
