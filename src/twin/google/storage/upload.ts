import type { GoogleAnswer, GoogleCall } from "../call.ts";
import type { BucketState, Buckets, Conditions, StoredVersion, Upload } from "./buckets.ts";
import { JSON_HEADERS, StorageRefusal } from "./refusal.ts";

type Json = Readonly<Record<string, unknown>>;

const bad = (why: string): StorageRefusal => new StorageRefusal(400, "invalid", why);

function parseJson(bytes: Uint8Array): Json {
  if (bytes.byteLength === 0) return {};
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Json;
  } catch {
    throw bad("Parse Error");
  }
}

/** What a call tells of the object: its resource, if it sent one, before the query and the headers. */
export function uploadOf({ query, headers }: GoogleCall, resource: Json, partType?: string): Upload {
  const name = (resource["name"] as string | undefined) ?? query.get("name");
  if (!name) throw new StorageRefusal(400, "required", "Required");
  const text = (member: string) => resource[member] as string | undefined;
  return {
    name,
    contentType: text("contentType") ?? partType ?? headers["x-upload-content-type"] ?? "application/octet-stream",
    metadata: resource["metadata"] as Upload["metadata"],
    crc32c: text("crc32c"),
    md5: text("md5Hash"),
  };
}

/** `multipart/related` (RFC 2387): the resource as JSON, and the bytes. */
export function multipart(call: GoogleCall): { upload: Upload; bytes: Uint8Array } {
  const boundary = /boundary="?([^";]+)"?/i.exec(call.headers["content-type"] ?? "")?.[1];
  if (!boundary) throw bad("Missing multipart boundary.");
  const body = Buffer.from(call.body);
  const mark = Buffer.from(`--${boundary}`);
  const parts: { head: string; bytes: Buffer }[] = [];
  for (let at = body.indexOf(mark); at >= 0; ) {
    const next = body.indexOf(mark, at + mark.length);
    if (next < 0) break;
    const part = body.subarray(at + mark.length, next);
    const gap = part.indexOf("\r\n\r\n") >= 0 ? "\r\n\r\n" : "\n\n";
    const split = part.indexOf(gap);
    // The line break before a boundary belongs to the boundary.
    const end = part.length - (part.at(-2) === 0x0d ? 2 : 1);
    parts.push({ head: part.subarray(0, split).toString(), bytes: part.subarray(split + gap.length, end) });
    at = next;
  }
  const [resource, media] = parts;
  if (!resource || !media || parts.length !== 2) throw bad("Expected two parts in multipart body.");
  const type = /content-type:\s*([^\r\n]+)/i.exec(media.head)?.[1];
  return { upload: uploadOf(call, parseJson(resource.bytes), type), bytes: new Uint8Array(media.bytes) };
}

interface Session {
  readonly bucket: BucketState;
  readonly upload: Upload;
  readonly conditions: Conditions;
  readonly total: number | undefined;
  bytes: Buffer;
  done: StoredVersion | undefined;
}

/** Resumable uploads: nothing of them shows before the last byte has come. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #buckets: Buckets;

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
  }

  /** Opens one; the answer's `location` is where the bytes go. */
  open(call: GoogleCall, bucket: BucketState, conditions: Conditions): GoogleAnswer {
    const upload = uploadOf(call, parseJson(call.body));
    const length = call.headers["x-upload-content-length"];
    const total = length === undefined ? undefined : Number(length);
    const id = `session-${this.#sessions.size + 1}`;
    this.#sessions.set(id, { bucket, upload, conditions, total, bytes: Buffer.alloc(0), done: undefined });
    const query = new URLSearchParams({ uploadType: "resumable", name: upload.name, upload_id: id });
    const location = `${call.origin}${call.path}?${query}`;
    return { status: 200, headers: { ...JSON_HEADERS, location, "x-guploader-uploadid": id }, body: Buffer.alloc(0) };
  }

  /** A piece, or the question how far it came. The finished object, or the answer that asks for more. */
  continue(call: GoogleCall, id: string): { bucket: BucketState; version: StoredVersion } | GoogleAnswer {
    const session = this.#sessions.get(id);
    if (!session) throw new StorageRefusal(410, "uploadBroken", "Invalid upload session.");
    const { bucket } = session;
    if (session.done) return { bucket, version: session.done };
    const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(call.headers["content-range"] ?? "");
    const [, from, , total] = range ?? [];
    if (range === null || from !== undefined) {
      const start = Number(from ?? 0);
      if (start > session.bytes.length)
        throw new StorageRefusal(503, "backendError", "Bytes are missing before this range.");
      session.bytes = Buffer.concat([session.bytes.subarray(0, start), call.body]);
    }
    const known = total === undefined || total === "*" ? undefined : Number(total);
    const whole = range === null ? session.bytes.length : known;
    if (whole === undefined || session.bytes.length < whole) return unfinished(session.bytes.length);
    session.done = this.#buckets.write(bucket, session.upload, new Uint8Array(session.bytes), session.conditions);
    return { bucket, version: session.done };
  }

  cancel(id: string): void {
    this.#sessions.delete(id);
  }
}

function unfinished(length: number): GoogleAnswer {
  const range: Record<string, string> = length > 0 ? { range: `bytes=0-${length - 1}` } : {};
  return { status: 308, headers: range, body: Buffer.alloc(0) };
}
