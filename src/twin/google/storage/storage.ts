import type { GoogleAnswer, GoogleCall, GoogleService } from "../call.ts";
import { type BucketState, Buckets, type Conditions, check, type StoredVersion } from "./buckets.ts";
import { jsonAnswer, notFound, refusalAnswer, StorageRefusal } from "./refusal.ts";
import { bucketResource, objectResource, selectFields } from "./resources.ts";
import { multipart, Sessions, uploadOf } from "./upload.ts";

/** Objects and prefixes of a list page, where no fewer are asked for. */
const PAGE = 1000;

/** The clients' ways of writing the same paths; what follows `b` is `/BUCKET/o/NAME`. */
const PATH =
  /^(?<upload>\/(?:resumable\/)?upload)?(?<download>\/download)?(?:\/storage\/v1)?\/b(?:\/(?<bucket>[^/]+)(?:\/(?<kind>o|iam)(?:\/(?<name>[^/]+)(?:\/(?<action>rewriteTo|copyTo|compose)(?:\/b\/(?<toBucket>[^/]+)\/o\/(?<toName>[^/]+))?)?)?)?)?$/;

interface Place {
  readonly upload: string | undefined;
  readonly download: string | undefined;
  readonly bucket: string | undefined;
  readonly kind: string | undefined;
  readonly name: string | undefined;
  readonly action: string | undefined;
  readonly toBucket: string | undefined;
  readonly toName: string | undefined;
}

function placeOf(path: string): Place | undefined {
  const groups = PATH.exec(path)?.groups;
  if (!groups) return undefined;
  const decoded = Object.entries(groups).map(([key, value]) => [key, value && decodeURIComponent(value)]);
  return Object.fromEntries(decoded) as Place;
}

const numberOf = (query: URLSearchParams, name: string): number | undefined =>
  query.has(name) ? Number(query.get(name)) : undefined;

const conditionsOf = (query: URLSearchParams): Conditions => ({
  ifGenerationMatch: numberOf(query, "ifGenerationMatch"),
  ifGenerationNotMatch: numberOf(query, "ifGenerationNotMatch"),
  ifMetagenerationMatch: numberOf(query, "ifMetagenerationMatch"),
  ifMetagenerationNotMatch: numberOf(query, "ifMetagenerationNotMatch"),
});

const EMPTY: GoogleAnswer = { status: 204, headers: {}, body: Buffer.alloc(0) };

/** A stand-in for the JSON API of Cloud Storage, in memory. https://cloud.google.com/storage/docs/json_api/v1 */
export class StorageTwin implements GoogleService {
  readonly buckets: Buckets;
  readonly #sessions: Sessions;

  constructor(now: () => number = Date.now) {
    this.buckets = new Buckets(now);
    this.#sessions = new Sessions(this.buckets);
  }

  async handle(call: GoogleCall): Promise<GoogleAnswer | undefined> {
    const place = placeOf(call.path);
    if (!place) return undefined;
    try {
      return this.#answer(call, place);
    } catch (error) {
      if (error instanceof StorageRefusal) return refusalAnswer(error);
      throw error;
    }
  }

  async close(): Promise<void> {}

  #answer(call: GoogleCall, place: Place): GoogleAnswer {
    if (place.bucket === undefined) return this.#service(call);
    if (place.upload !== undefined) return this.#upload(call, this.buckets.get(place.bucket));
    if (place.kind === undefined) return this.#bucket(call, place.bucket);
    const bucket = this.buckets.get(place.bucket);
    if (place.kind === "iam") return jsonAnswer(200, { permissions: call.query.getAll("permissions") });
    if (place.name === undefined) return this.#list(call, bucket);
    if (place.action !== undefined) return this.#copy(call, bucket, place);
    return this.#object(call, bucket, place.name, place.download !== undefined);
  }

  #service({ method, body, origin }: GoogleCall): GoogleAnswer {
    if (method !== "POST") {
      const items = this.buckets.all().map((bucket) => bucketResource(bucket, origin));
      return jsonAnswer(200, { kind: "storage#buckets", items });
    }
    const wanted = settingsOf(body);
    const bucket = this.buckets.create(String(wanted.name ?? ""), wanted.settings);
    return jsonAnswer(200, bucketResource(bucket, origin));
  }

  #bucket({ method, body, origin }: GoogleCall, name: string): GoogleAnswer {
    if (method === "DELETE") {
      this.buckets.drop(name);
      return EMPTY;
    }
    const bucket = method === "PATCH" ? this.buckets.change(name, settingsOf(body).settings) : this.buckets.get(name);
    return jsonAnswer(200, bucketResource(bucket, origin));
  }

  #upload(call: GoogleCall, bucket: BucketState): GoogleAnswer {
    const { query, method, origin } = call;
    const conditions = conditionsOf(query);
    const told = (version: StoredVersion) =>
      jsonAnswer(200, objectResource(bucket, version, origin), { "x-goog-stored-content-length": "0" });
    const session = query.get("upload_id");
    if (session !== null) {
      if (method === "DELETE") {
        this.#sessions.cancel(session);
        return { ...EMPTY, status: 499 };
      }
      const result = this.#sessions.continue(call, session);
      return "version" in result ? told(result.version) : result;
    }
    switch (query.get("uploadType")) {
      case "resumable":
        return this.#sessions.open(call, bucket, conditions);
      case "multipart": {
        const { upload, bytes } = multipart(call);
        return told(this.buckets.write(bucket, upload, bytes, conditions));
      }
      case "media": {
        const type = call.headers["content-type"];
        return told(this.buckets.write(bucket, uploadOf(call, {}, type), new Uint8Array(call.body), conditions));
      }
      default:
        throw new StorageRefusal(400, "invalid", "Invalid upload type.");
    }
  }

  #list({ query, origin }: GoogleCall, bucket: BucketState): GoogleAnswer {
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const most = Math.min(numberOf(query, "maxResults") ?? PAGE, PAGE);
    const token = query.get("pageToken");
    const after = token === null ? undefined : Buffer.from(token, "base64").toString();
    const [start, end] = [query.get("startOffset"), query.get("endOffset")];
    const items: Record<string, unknown>[] = [];
    const prefixes = new Set<string>();
    let last: string | undefined;
    let isMore = false;
    for (const name of this.buckets.names(bucket.name, prefix)) {
      if ((after !== undefined && name <= after) || (start !== null && name < start)) continue;
      if (end !== null && name >= end) break;
      const cut = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
      const folder = cut < 0 ? undefined : name.slice(0, cut + delimiter.length);
      if (folder !== undefined && (prefixes.has(folder) || (after ?? "").startsWith(folder))) {
        last = name;
        continue;
      }
      if (items.length + prefixes.size >= most) {
        isMore = true;
        break;
      }
      if (folder === undefined) items.push(objectResource(bucket, this.buckets.version(bucket, name), origin));
      else prefixes.add(folder);
      last = name;
    }
    if (query.get("versions") === "true" && delimiter === "") {
      const kept = bucket.noncurrent.filter((version) => version.name.startsWith(prefix));
      items.push(...kept.map((version) => objectResource(bucket, version, origin)));
    }
    const nextPageToken = isMore && last !== undefined ? { nextPageToken: Buffer.from(last).toString("base64") } : {};
    const answer = {
      kind: "storage#objects",
      ...nextPageToken,
      ...(items.length > 0 ? { items } : {}),
      ...(prefixes.size > 0 ? { prefixes: [...prefixes] } : {}),
    };
    return jsonAnswer(200, selectFields(answer, query.get("fields")));
  }

  #object(call: GoogleCall, bucket: BucketState, name: string, isDownload: boolean): GoogleAnswer {
    const { method, query, origin } = call;
    const conditions = conditionsOf(query);
    const generation = numberOf(query, "generation");
    if (method === "DELETE") {
      this.buckets.remove(bucket, name, generation, conditions);
      return EMPTY;
    }
    if (method === "PATCH" || method === "PUT") {
      const { metadata } = JSON.parse(new TextDecoder().decode(call.body)) as { metadata?: Record<string, string> };
      return jsonAnswer(200, objectResource(bucket, this.buckets.annotate(bucket, name, metadata, conditions), origin));
    }
    if (method !== "GET" && method !== "HEAD") throw notFound("Not Found");
    const version = this.buckets.version(bucket, name, generation);
    check(version, conditions);
    if (isDownload || query.get("alt") === "media") return media(version, call.headers["range"]);
    return jsonAnswer(200, selectFields(objectResource(bucket, version, origin), query.get("fields")));
  }

  #copy({ query, origin }: GoogleCall, bucket: BucketState, place: Place): GoogleAnswer {
    const { name = "", toBucket, toName, action } = place;
    if (toBucket === undefined || toName === undefined)
      throw new StorageRefusal(501, "notImplemented", `${action} is not here.`);
    const source = this.buckets.version(bucket, name, numberOf(query, "sourceGeneration"));
    const target = this.buckets.get(toBucket);
    const { contentType, metadata, bytes } = source;
    const upload = { name: toName, contentType, metadata, crc32c: undefined, md5: undefined };
    const copy = objectResource(target, this.buckets.write(target, upload, bytes, conditionsOf(query)), origin);
    const size = String(bytes.byteLength);
    const rewritten = {
      kind: "storage#rewriteResponse",
      totalBytesRewritten: size,
      objectSize: size,
      done: true,
      resource: copy,
    };
    return jsonAnswer(200, action === "copyTo" ? copy : rewritten);
  }
}

function media(version: StoredVersion, range: string | undefined): GoogleAnswer {
  const { bytes, generation, contentType } = version;
  const headers = {
    "content-type": contentType,
    "x-goog-hash": `crc32c=${version.crc32c},md5=${version.md5}`,
    "x-goog-generation": String(generation),
    "x-goog-metageneration": String(version.metageneration),
    "x-goog-stored-content-length": String(bytes.byteLength),
    "x-goog-stored-content-encoding": "identity",
    etag: Buffer.from(`${generation}`).toString("base64"),
    "accept-ranges": "bytes",
  };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (from === undefined) return { status: 200, headers, body: bytes };
  const start = Number(from);
  const end = Math.min(to === "" ? bytes.byteLength : Number(to) + 1, bytes.byteLength);
  if (start >= bytes.byteLength)
    throw new StorageRefusal(416, "requestedRangeNotSatisfiable", "Request range not satisfiable");
  const told = { ...headers, "content-range": `bytes ${start}-${end - 1}/${bytes.byteLength}` };
  return { status: 206, headers: told, body: bytes.subarray(start, end) };
}

function settingsOf(body: Uint8Array) {
  const wanted = JSON.parse(new TextDecoder().decode(body)) as {
    name?: string;
    location?: string;
    versioning?: { enabled?: boolean };
    retentionPolicy?: { retentionPeriod?: string } | null;
  };
  const { name, location, versioning, retentionPolicy } = wanted;
  const settings = {
    ...(location === undefined ? {} : { location }),
    ...(versioning === undefined ? {} : { versioning: versioning.enabled === true }),
    ...(retentionPolicy === undefined
      ? {}
      : { retention: retentionPolicy?.retentionPeriod ? Number(retentionPolicy.retentionPeriod) : undefined }),
  };
  return { name, settings };
}
