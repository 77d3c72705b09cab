import type { GoogleAnswer } from "../call.ts";
import { GoogleRefusal } from "../refusal.ts";
import { etagOf, type ObjectVersion } from "./object.ts";

const RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/;

/** The object's bytes, or the one range of them that the request asks for; a header with several ranges counts for none. */
export function media(version: ObjectVersion, storageClass: string, range: string | undefined): GoogleAnswer {
  const { bytes, crc32c, md5Hash, fields } = version;
  const about = {
    "content-type": fields.contentType ?? "application/octet-stream",
    ...(fields.contentEncoding === undefined ? {} : { "content-encoding": fields.contentEncoding }),
    "accept-ranges": "bytes",
    etag: etagOf(version),
    "last-modified": new Date(version.updated).toUTCString(),
    "x-goog-generation": String(version.generation),
    "x-goog-metageneration": String(version.metageneration),
    "x-goog-hash": `crc32c=${crc32c}${md5Hash === undefined ? "" : `,md5=${md5Hash}`}`,
    "x-goog-storage-class": fields.storageClass ?? storageClass,
    "x-goog-stored-content-encoding": fields.contentEncoding ?? "identity",
    "x-goog-stored-content-length": String(bytes.byteLength),
  };
  const part = rangeIn(range, bytes.byteLength);
  if (!part) return { status: 200, headers: about, body: bytes };
  const { from, to } = part;
  return {
    status: 206,
    headers: { ...about, "content-range": `bytes ${from}-${to - 1}/${bytes.byteLength}` },
    body: bytes.subarray(from, to),
  };
}

function rangeIn(header: string | undefined, size: number): { from: number; to: number } | undefined {
  const [whole, first, last, suffix] = RANGE.exec(header ?? "") ?? [];
  if (whole === undefined || (first !== undefined && last && Number(last) < Number(first))) return undefined;
  const from = first === undefined ? Math.max(0, size - Number(suffix)) : Number(first);
  const to = last ? Math.min(Number(last) + 1, size) : size;
  if (from < to) return { from, to };
  throw new GoogleRefusal(416, "requestedRangeNotSatisfiable", "Request range not satisfiable", "Range");
}
