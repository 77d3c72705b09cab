import { iso } from "../../core/time.ts";
import { bytesOf, type TwinAnswer } from "../answer.ts";
import type { Archive } from "./archive.ts";
import { etagOf, s3Error, tag, XML, XML_TYPE } from "./s3.ts";

const MOST = 1_000;
const BUCKET = "data.binance.vision";

/** What is asked of a list, as S3's ListObjects (version 1) names it. */
interface Asked {
  readonly prefix: string;
  /** Empty, or a slash. */
  readonly delimiter: string;
  readonly marker: string;
  readonly most: number;
}

/** A page of the bucket's keys. */
export function listing(archive: Archive, query: URLSearchParams, now: number): TwinAnswer {
  const text = query.get("max-keys") || String(MOST);
  if (!/^\d{1,9}$/.test(text)) return s3Error(400, "InvalidArgument", "Provided max-keys not an integer");
  const delimiter = query.get("delimiter") ?? "";
  if (delimiter !== "" && delimiter !== "/")
    return s3Error(501, "NotImplemented", "The only delimiter here is a slash");
  const asked: Asked = {
    prefix: query.get("prefix") ?? "",
    delimiter,
    marker: query.get("marker") ?? "",
    most: Math.min(Number(text), MOST),
  };
  const found = pathsFrom(archive, asked, now)
    .take(asked.most + 1)
    .toArray();
  const truncated = asked.most > 0 && found.length > asked.most;
  return {
    status: 200,
    headers: { "content-type": XML_TYPE },
    body: bytesOf(pageOf(archive, asked, found.slice(0, asked.most), truncated, now)),
  };
}

function pageOf(archive: Archive, asked: Asked, paths: readonly string[], truncated: boolean, now: number): string {
  const { prefix, delimiter, marker, most } = asked;
  const contents = paths.filter((path) => !path.endsWith("/"));
  const folders = paths.filter((path) => path.endsWith("/"));
  return [
    `${XML}<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`,
    tag("Name", BUCKET),
    tag("Prefix", prefix),
    tag("Marker", marker),
    // Without a delimiter the last key is the marker, and S3 leaves it to the client to see that.
    truncated && delimiter ? tag("NextMarker", paths.at(-1) ?? "") : "",
    tag("MaxKeys", String(most)),
    delimiter ? tag("Delimiter", delimiter) : "",
    tag("IsTruncated", String(truncated)),
    ...contents.map((key) => contentsOf(archive, key, now)),
    ...folders.map((folder) => `<CommonPrefixes>${tag("Prefix", folder)}</CommonPrefixes>`),
    "</ListBucketResult>",
  ].join("");
}

function contentsOf(archive: Archive, key: string, now: number): string {
  const stored = archive.object(key, now);
  if (!stored) return "";
  const parts = [
    tag("Key", key),
    tag("LastModified", iso(stored.modified)),
    tag("ETag", etagOf(key)),
    tag("Size", String(stored.size)),
    tag("StorageClass", "STANDARD"),
  ];
  return `<Contents>${parts.join("")}</Contents>`;
}

/** Keys after the marker, ascending, and with a delimiter the folders that stand for all that lies in them. */
function* pathsFrom(archive: Archive, asked: Asked, now: number, folder = folderOf(asked.prefix)): Generator<string> {
  const { prefix, delimiter, marker } = asked;
  for (const name of archive.names(folder, now)) {
    const path = folder + name;
    if (!path.startsWith(prefix)) continue;
    if (name.endsWith("/") && !delimiter) {
      // What lies in a folder that the marker is behind of was listed before.
      if (path > marker || marker.startsWith(path)) yield* pathsFrom(archive, asked, now, path);
    } else if (path > marker) {
      yield path;
    }
  }
}

const folderOf = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf("/") + 1);
