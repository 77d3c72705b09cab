import type { File, FileMetadata, Bucket as Handle } from "@google-cloud/storage";
import { orAborted } from "../core/abort.ts";
import { crc32c } from "../core/crc32c.ts";
import { type AppError, StoreError } from "../core/errors.ts";
import { iso } from "../core/time.ts";
import type { GoogleAccess } from "../google/auth.ts";
import { evidenceOf } from "../google/evidence.ts";
import { googleFailure } from "../google/failure.ts";
import { persist } from "../google/persist.ts";
import type { Bucket, BucketObject, BucketUsage } from "../ports/bucket.ts";
import type { Clock, Logger } from "../ports.ts";
import { openBucket } from "./gcs/client.ts";
import { download, SILENCE } from "./gcs/download.ts";
import { isWritten, LIST_FIELDS, objectOf, typeOf } from "./gcs/object.ts";
import { upload } from "./gcs/upload.ts";
import { namesOf } from "./key.ts";

export interface GcsOptions {
  readonly name: string;
  /** `raw/` or `synthetic/`: keys lie below it. */
  readonly root: string;
  readonly access: GoogleAccess;
  readonly log: Logger;
  readonly clock: Clock;
  /** Milliseconds without a byte after which a download is begun anew. Left out: 15 s. */
  readonly silence?: number;
}

/** The most that a page of a list may hold. */
const PAGE = 1000;

type WriteOptions = Parameters<Bucket["write"]>[2];

/** A console's "folders" are empty objects: there is nothing in them, and they are in nobody's way. */
const isFolder = ({ name, size }: FileMetadata): boolean => name?.endsWith("/") === true && Number(size) === 0;

/** A missing object and a missing bucket are both 404, and told apart by their words alone. */
function isObjectMissing(error: unknown): boolean {
  const { status, message } = evidenceOf(error);
  return status === 404 && !/bucket does not exist/i.test(message);
}

/** Ours, or the client's; fetch says with a cause, and only with one, that the network failed. */
const isDefect = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof RangeError) && error.cause === undefined && !("code" in error);

/**
 * A bucket of Cloud Storage through Google's client, which is loaded with the first request. Every change names the
 * generation that it replaces, so that it may be sent twice and happens once (docs/decisions/cloud-storage.md).
 */
export class GcsBucket implements Bucket {
  readonly name: string;
  private readonly options: GcsOptions;
  private opened: Promise<Handle> | undefined;
  private readonly counts = {
    lists: 0,
    reads: 0,
    writes: 0,
    others: 0,
    retries: 0,
    bytesUploaded: 0,
    bytesDownloaded: 0,
  };

  constructor(options: GcsOptions) {
    this.name = options.name;
    this.options = options;
  }

  get usage(): BucketUsage {
    return { ...this.counts };
  }

  uri(key: string): string {
    return `gs://${this.name}/${this.options.root}${key}`;
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject> {
    const { root } = this.options;
    const folder = prefix === "" ? root : `${this.pathOf(prefix)}/`;
    const query = { prefix: folder, maxResults: PAGE, fields: LIST_FIELDS, autoPaginate: false };
    let pageToken: string | undefined;
    do {
      const token = pageToken;
      const page = await this.ask(`list ${folder}`, signal, async (bucket) => {
        this.counts.lists++;
        const [files, next] = await bucket.getFiles(token === undefined ? query : { ...query, pageToken: token });
        // Where fields are named the client hands on the service's own items.
        return { items: files as unknown as FileMetadata[], next: next as { pageToken?: string } | null };
      });
      for (const item of page.items) if (!isFolder(item)) yield objectOf(item, root);
      pageToken = page.next?.pageToken;
    } while (pageToken !== undefined);
  }

  async stat(key: string, signal?: AbortSignal): Promise<BucketObject | undefined> {
    const path = this.pathOf(key);
    return this.ask(`look at ${path}`, signal, async (bucket) => {
      this.counts.others++;
      try {
        const [resource] = await bucket.file(path).getMetadata();
        return objectOf(resource, this.options.root);
      } catch (error) {
        if (isObjectMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async read(key: string, generation?: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.pathOf(key);
    const { silence = SILENCE } = this.options;
    return this.ask(`read ${path}`, signal, async (bucket) => {
      this.counts.reads++;
      try {
        const { bytes, crc32c: told } = await download(fileOf(bucket, path, generation), silence, signal);
        this.counts.bytesDownloaded += bytes.byteLength;
        const found = crc32c(bytes);
        if (found === told) return bytes;
        const why =
          told === undefined ? "it came without a checksum" : `its CRC-32C is ${told}, that of what came ${found}`;
        throw new StoreError("bad-checksum", `${this.uri(key)}: ${why}.`, "candlelake status", { retryable: true });
      } catch (error) {
        if (isObjectMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async write(key: string, bytes: Uint8Array, options: WriteOptions, signal?: AbortSignal): Promise<BucketObject> {
    const path = this.pathOf(key);
    const { replaces, metadata = {} } = options;
    const wanted = { bytes: bytes.byteLength, crc32c: crc32c(bytes), metadata };
    const what = { bytes, crc32c: wanted.crc32c, contentType: typeOf(key), metadata, replaces: replaces ?? "0" };
    try {
      return await this.ask(`write ${path}`, signal, async (bucket) => {
        const written = await upload(bucket.file(path), what, () => {
          this.counts.writes++;
        });
        this.counts.bytesUploaded += bytes.byteLength;
        return objectOf(written, this.options.root);
      });
    } catch (error) {
      if ((error as AppError).code !== "bucket-conflict") throw error;
      const there = await this.stat(key, signal);
      if (!there || !isWritten(there, wanted)) throw this.conflict(key, there);
      // An answer got lost on its way: it is ours.
      this.counts.bytesUploaded += bytes.byteLength;
      return there;
    }
  }

  async remove(key: string, generation: string, signal?: AbortSignal): Promise<void> {
    const path = this.pathOf(key);
    try {
      await this.ask(`remove ${path}`, signal, async (bucket) => {
        this.counts.others++;
        try {
          await bucket.file(path).delete({ ifGenerationMatch: generation });
        } catch (error) {
          if (!isObjectMissing(error)) throw error;
        }
      });
    } catch (error) {
      if ((error as AppError).code !== "bucket-conflict") throw error;
      // What is gone already is; a server may say so as a condition that does not hold.
      const there = await this.stat(key, signal);
      if (there) throw this.conflict(key, there);
    }
  }

  async location(signal?: AbortSignal): Promise<string> {
    return this.ask("look at the bucket", signal, async (bucket) => {
      this.counts.others++;
      const [{ location }] = await bucket.getMetadata();
      return String(location).toLowerCase();
    });
  }

  private pathOf(key: string): string {
    return this.options.root + namesOf(key, `gs://${this.name}`).join("/");
  }

  /** Sends one request, and sends it again as long as it is refused for what may pass. */
  private async ask<T>(
    doing: string,
    signal: AbortSignal | undefined,
    request: (bucket: Handle) => Promise<T>,
  ): Promise<T> {
    const { access, clock, log } = this.options;
    const send = async (): Promise<T> => {
      try {
        this.opened ??= openBucket(this.name, access);
        return await orAborted(request(await this.opened), signal);
      } catch (error) {
        if (isDefect(error)) throw error;
        throw googleFailure(error, { service: "storage", label: `gs://${this.name}`, doing });
      }
    };
    return persist(send, {
      clock,
      signal,
      onRetry: ({ message }, pause) => {
        this.counts.retries++;
        log.debug(`${message} Again in ${Math.ceil(pause / 1000)} s.`);
      },
    });
  }

  private conflict(key: string, there: BucketObject | undefined): StoreError {
    const who = there
      ? `another run has written generation ${there.generation} at ${iso(there.created)}; it is left as it is`
      : "another run has removed what it was to replace";
    return new StoreError("bucket-conflict", `${this.uri(key)}: ${who}.`, "candlelake upload");
  }
}

type Interceptor = File["interceptors"][number];

/** The client keeps a generation as a number, which beyond 2^53 is another one. */
function fileOf(bucket: Handle, path: string, generation: string | undefined): File {
  const file = bucket.file(path);
  if (generation === undefined) return file;
  const request: Interceptor["request"] = (options) =>
    ({ ...options, qs: { ...options.qs, generation } }) as ReturnType<Interceptor["request"]>;
  file.interceptors.push({ request });
  return file;
}
