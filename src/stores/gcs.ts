import type { File, FileMetadata, Bucket as Handle } from "@google-cloud/storage";
import { orAborted } from "../core/abort.ts";
import { StoreError, throwIfAborted } from "../core/errors.ts";
import { findCredentials, type GoogleAccess, withoutEmulators } from "../google/auth.ts";
import { googleFailure } from "../google/failure.ts";
import { watchRequests } from "../google/http-count.ts";
import type { Bucket, BucketObject, BucketUsage, Logger } from "../ports.ts";
import { crc32c } from "./gcs/crc32c.ts";

export interface GcsOptions {
  readonly name: string;
  /** `raw/` or `synthetic/`: keys lie below it. */
  readonly root: string;
  readonly access: GoogleAccess;
  readonly log: Logger;
  /** Milliseconds for which a request is repeated. Left out: a minute. */
  readonly patience?: number;
}

const GOOGLE = "https://storage.googleapis.com";
/** Objects from here on are sent in pieces: https://cloud.google.com/storage/docs/uploads-downloads */
const LARGE = 8 * 2 ** 20;
/** All that is looked at of an object in a list. */
const FIELDS = "items(name,size,generation,crc32c,updated,metadata),nextPageToken";
const PAGE = 1000;
const MINUTE = 60_000;

type WriteOptions = Parameters<Bucket["write"]>[2];

/** HTTP status of a client's error. */
const statusOf = (error: unknown): number | undefined => {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "number" ? code : undefined;
};

const same = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((name) => a[name] === b[name]);

/**
 * A bucket of Cloud Storage through Google's client, which is loaded with the first request. Every write names the
 * generation that it replaces: only so does the client repeat it, and a repetition never happens twice
 * (docs/decisions/cloud-storage.md).
 */
export class GcsBucket implements Bucket {
  readonly name: string;
  private readonly root: string;
  private readonly options: GcsOptions;
  private opened: Promise<Handle> | undefined;
  private readonly counts = { lists: 0, reads: 0, writes: 0, others: 0, bytesUploaded: 0, bytesDownloaded: 0 };
  /** Requests that we asked for; what went out beyond them were repetitions. */
  private asked = 0;

  constructor(options: GcsOptions) {
    this.name = options.name;
    this.root = options.root;
    this.options = options;
  }

  uri(key: string): string {
    return `gs://${this.name}/${this.root}${key}`;
  }

  get usage(): BucketUsage {
    const { lists, reads, writes, others } = this.counts;
    return { ...this.counts, retries: Math.max(0, lists + reads + writes + others - this.asked) };
  }

  private open(): Promise<Handle> {
    this.opened ??= this.connect();
    return this.opened;
  }

  private async connect(): Promise<Handle> {
    const { access, patience = MINUTE } = this.options;
    // The client asks nobody for a token where it is sent elsewhere than to Google.
    if (access.endpoint === undefined) findCredentials();
    const { Storage } = await import("@google-cloud/storage");
    const storage = withoutEmulators(
      () =>
        new Storage({
          ...(access.endpoint === undefined ? {} : { apiEndpoint: access.endpoint }),
          ...(access.project === undefined ? {} : { projectId: access.project }),
          retryOptions: { totalTimeout: patience / 1000, maxRetryDelay: 8, maxRetries: 5 },
          userAgent: "candlelake",
        }),
    );
    watchRequests(new URL(access.endpoint ?? GOOGLE).host, ({ method, path }) => this.count(method, path));
    return storage.bucket(this.name);
  }

  private count(method: string, path: string): void {
    if (!path.includes(`/b/${encodeURIComponent(this.name)}`)) return;
    if (path.includes("/upload/")) this.counts.writes++;
    else if (/\/o\?|\/o$/.test(path)) this.counts.lists++;
    else if (method === "GET" && path.includes("alt=media")) this.counts.reads++;
    else this.counts.others++;
  }

  private failure(error: unknown, doing: string): unknown {
    if (error instanceof TypeError || error instanceof RangeError) return error;
    return googleFailure(error, { service: "storage", label: `gs://${this.name}`, doing });
  }

  private async attempt<T>(doing: string, work: (bucket: Handle) => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    try {
      const bucket = await this.open();
      this.asked++;
      return await orAborted(work(bucket), signal);
    } catch (error) {
      throw this.failure(error, doing);
    }
  }

  private object(metadata: FileMetadata): BucketObject {
    const { name = "", size, generation, updated } = metadata;
    return {
      key: name.slice(this.root.length),
      bytes: Number(size),
      generation: String(generation),
      crc32c: String(metadata["crc32c"] ?? ""),
      updated: Date.parse(String(updated)),
      metadata: { ...(metadata.metadata as Record<string, string> | undefined) },
    };
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject> {
    const folder = `${this.root}${prefix === "" ? "" : `${prefix}/`}`;
    let pageToken: string | undefined;
    do {
      const page = await this.attempt(
        `list ${folder}`,
        async (bucket) => {
          const query = { prefix: folder, maxResults: PAGE, fields: FIELDS, autoPaginate: false };
          const [files, next] = await bucket.getFiles(pageToken === undefined ? query : { ...query, pageToken });
          // Where fields are named the client hands on the service's own items.
          return {
            items: files as unknown as FileMetadata[],
            token: (next as { pageToken?: string } | null | undefined)?.pageToken,
          };
        },
        signal,
      );
      for (const item of page.items) yield this.object(item);
      pageToken = page.token;
    } while (pageToken !== undefined);
  }

  async stat(key: string, signal?: AbortSignal): Promise<BucketObject | undefined> {
    return this.attempt(
      `look at ${this.root}${key}`,
      async (bucket) => {
        try {
          const [metadata] = await bucket.file(`${this.root}${key}`).getMetadata();
          return this.object(metadata);
        } catch (error) {
          if (statusOf(error) === 404 && !isBucketGone(error)) return undefined;
          throw error;
        }
      },
      signal,
    );
  }

  async read(key: string, generation?: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.attempt(
      `read ${this.root}${key}`,
      async (bucket) => {
        const file = bucket.file(`${this.root}${key}`, generation === undefined ? {} : { generation });
        try {
          // The client compares the bytes with the checksum that comes in a header.
          const [bytes] = await file.download({ validation: "crc32c" });
          this.counts.bytesDownloaded += bytes.length;
          return new Uint8Array(bytes);
        } catch (error) {
          if (statusOf(error) === 404 && !isBucketGone(error)) return undefined;
          throw error;
        }
      },
      signal,
    );
  }

  async write(key: string, bytes: Uint8Array, options: WriteOptions, signal?: AbortSignal): Promise<BucketObject> {
    const checksum = crc32c(bytes);
    const metadata = options.metadata ?? {};
    return this.attempt(
      `write ${this.root}${key}`,
      async (bucket) => {
        const file = bucket.file(`${this.root}${key}`);
        try {
          await file.save(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
            resumable: bytes.length >= LARGE,
            // The service compares; the client would remove what does not fit, whoever's it is.
            validation: false,
            preconditionOpts: { ifGenerationMatch: options.replaces ?? 0 },
            metadata: { contentType: typeOf(key), crc32c: checksum, metadata: { ...metadata } },
          });
        } catch (error) {
          if (statusOf(error) !== 412) throw error;
          return await this.found(key, bytes.length, checksum, metadata, file);
        }
        this.counts.bytesUploaded += bytes.length;
        return this.object(file.metadata);
      },
      signal,
    );
  }

  /** Another object is there. Where it is the very one, an answer got lost, and it is ours. */
  private async found(
    key: string,
    length: number,
    checksum: string,
    metadata: Readonly<Record<string, string>>,
    file: File,
  ): Promise<BucketObject> {
    this.asked++;
    const [there] = await file.getMetadata();
    const object = this.object(there);
    if (object.bytes === length && object.crc32c === checksum && same(object.metadata, metadata)) return object;
    const when = new Date(object.updated).toISOString();
    throw new StoreError(
      "bucket-conflict",
      `${this.uri(key)} was written by another run at ${when}; it is left as it is.`,
      "candlelake upload",
    );
  }

  async remove(key: string, generation: string, signal?: AbortSignal): Promise<void> {
    await this.attempt(
      `remove ${this.root}${key}`,
      async (bucket) => {
        try {
          await bucket.file(`${this.root}${key}`).delete({ ifGenerationMatch: generation });
        } catch (error) {
          if (statusOf(error) !== 404 || isBucketGone(error)) throw error;
        }
      },
      signal,
    );
  }

  async location(signal?: AbortSignal): Promise<string> {
    return this.attempt(
      "look at the bucket",
      async (bucket) => {
        const [metadata] = await bucket.getMetadata();
        return String(metadata.location).toLowerCase();
      },
      signal,
    );
  }
}

const typeOf = (key: string): string => (key.endsWith(".json") ? "application/json" : "application/vnd.apache.parquet");

/** A missing object and a missing bucket are both 404. */
const isBucketGone = (error: unknown): boolean =>
  error instanceof Error && /bucket does not exist|specified bucket/i.test(error.message);
