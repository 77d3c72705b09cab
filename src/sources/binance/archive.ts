import { type ArchiveFile, archiveFolder, archiveKey, archiveName, isMonthly } from "../../core/archive-file.ts";
import { plausibleZip } from "../../core/archive-size.ts";
import { type AppError, DataError, SourceError } from "../../core/errors.ts";
import { HttpClient, type HttpClientOptions } from "../../net/http-client.ts";
import type { Archive, ArchivedFile } from "../../ports.ts";
import { admit } from "./admit.ts";
import { ArchiveListing } from "./archive-listing.ts";
import { readChecksum, sha256 } from "./checksum.ts";
import { type ArchiveShelf, KeptArchives } from "./kept-archives.ts";

export interface BinanceArchiveOptions
  extends Partial<Pick<HttpClientOptions, "clock" | "transport" | "random" | "log">> {
  readonly base: string;
  /** Address of the bucket's listing; without it files are asked for by name. */
  readonly listing?: string | undefined;
  /** The host serves made data; every answer has to say so. Without it, none may. */
  readonly synthetic?: boolean;
  readonly shelf?: ArchiveShelf | undefined;
}

/** Requests at once: enough for a link with a long way. Each file takes two. */
const CONCURRENCY = 16;

/** Bytes of what stands in a checksum's place: a web page may, and is called one. */
const MOST_OF_CHECKSUM = 2 ** 20;

/** Files that are kept for those who looked into them and fetch them next. */
const PEEKED = 8;

const PAGE = /^\s*<(?:!doctype|html|\?xml)/i;

interface Published {
  /** undefined where the text is no checksum of the file. */
  readonly sha256: string | undefined;
  readonly text: string;
}

/** The venue's bulk files over HTTP. A file is believed when its published hash fits, and never otherwise. */
export class BinanceArchive implements Archive {
  readonly #http: HttpClient;
  readonly #lists: HttpClient | undefined;
  readonly #listing: ArchiveListing | undefined;
  readonly #synthetic: boolean;
  readonly #kept: KeptArchives | undefined;
  readonly #checksums = new Map<string, Promise<Published | undefined>>();
  readonly #peeked = new Map<string, ArchivedFile>();
  readonly #there = new Map<string, Promise<boolean>>();
  #now: Promise<number> | undefined;
  #bytes = 0;

  constructor({ base, listing, synthetic = false, shelf, ...options }: BinanceArchiveOptions) {
    this.#http = new HttpClient({ ...options, base, concurrency: CONCURRENCY });
    this.#lists = listing === undefined ? undefined : new HttpClient({ ...options, base: listing, concurrency: 4 });
    this.#listing = this.#lists && new ArchiveListing(this.#lists);
    this.#synthetic = synthetic;
    this.#kept = shelf && new KeptArchives(shelf, this.#http.host, options.log);
  }

  get host(): string {
    return this.#http.host;
  }

  get usage(): Archive["usage"] {
    const [files, lists] = [this.#http.usage, this.#lists?.usage];
    return {
      requests: files.requests + (lists?.requests ?? 0),
      retries: files.retries + (lists?.retries ?? 0),
      bytes: this.#bytes,
    };
  }

  now(signal?: AbortSignal): Promise<number> {
    this.#now ??= this.#askTime(signal).catch((error) => {
      this.#now = undefined;
      throw error;
    });
    return this.#now;
  }

  /** Any answer is dated, also one that says that there is nothing. */
  async #askTime(signal: AbortSignal | undefined): Promise<number> {
    try {
      await this.#http.get({ path: "/" }, () => undefined, signal);
    } catch (error) {
      if (!(error instanceof SourceError) || this.#http.date === undefined) throw error;
    }
    const { date } = this.#http;
    if (date !== undefined) return date;
    throw new SourceError("no-clock", `${this.host} does not date its answers.`, "candlelake config");
  }

  async has(file: ArchiveFile, signal?: AbortSignal): Promise<boolean> {
    const listed = await this.#listed(file, signal);
    if (listed !== undefined) return listed;
    const key = archiveKey(file);
    const asked = this.#there.get(key) ?? this.#isThere(file, signal);
    this.#there.set(key, asked);
    asked.catch(() => this.#there.delete(key));
    return asked;
  }

  /** A file without a checksum is there all the same: it is refused when it is taken, and must not seem to be missing. */
  async #isThere(file: ArchiveFile, signal: AbortSignal | undefined): Promise<boolean> {
    if ((await this.#checksum(file, signal)) !== undefined) return true;
    try {
      return (await this.#zip(file, signal)) !== undefined;
    } catch (error) {
      if (isOversized(error)) return true;
      throw error;
    }
  }

  /** undefined where no listing tells. */
  async #listed(file: ArchiveFile, signal: AbortSignal | undefined): Promise<boolean | undefined> {
    const folder = archiveFolder(file.series, isMonthly(file) ? "monthly" : "daily");
    return (await this.#listing?.names(folder, signal))?.has(archiveName(file));
  }

  async published(file: ArchiveFile, signal?: AbortSignal): Promise<string | undefined> {
    const checksum = await this.#checksum(file, signal);
    if (checksum?.sha256 !== undefined) return checksum.sha256;
    if (!checksum && !(await this.#isThere(file, signal))) return undefined;
    throw this.#noChecksum(file, checksum);
  }

  async peek(file: ArchiveFile, signal?: AbortSignal): Promise<ArchivedFile | undefined> {
    const fetched = await this.fetch(file, signal);
    if (fetched) this.#peeked.set(archiveKey(file), fetched);
    const [oldest] = this.#peeked.keys();
    if (this.#peeked.size > PEEKED && oldest !== undefined) this.#peeked.delete(oldest);
    return fetched;
  }

  async fetch(file: ArchiveFile, signal?: AbortSignal, anew = false): Promise<ArchivedFile | undefined> {
    const peeked = this.#peeked.get(archiveKey(file));
    // It is given away: whoever fetches may hand the bytes to another thread.
    this.#peeked.delete(archiveKey(file));
    // Where files are kept it may be an old one.
    if (peeked && !(anew && this.#kept)) return peeked;
    const kept = await this.#current(file, anew, signal);
    if (kept) return kept;
    if ((await this.#listed(file, signal)) === false) return undefined;
    let refusal: DataError | undefined;
    for (let tries = 1; tries <= 2; tries++) {
      if (tries > 1) this.#checksums.delete(archiveKey(file));
      const [zip, checksum] = await Promise.all([this.#zip(file, signal), this.#checksum(file, signal)]);
      if (!zip) {
        // Whose checksum is given out is there, too.
        this.#there.set(archiveKey(file), Promise.resolve(checksum !== undefined));
        return undefined;
      }
      if (checksum?.sha256 === undefined) {
        refusal = this.#noChecksum(file, checksum);
        continue;
      }
      const hash = sha256(zip);
      if (hash === checksum.sha256) {
        const fetched = { zip, sha256: hash };
        await this.#kept?.keep(file, fetched);
        this.#checksums.delete(archiveKey(file));
        return fetched;
      }
      refusal = this.#badChecksum(file, zip, hash, checksum.sha256);
    }
    throw refusal;
  }

  async discard(file: ArchiveFile, hash: string, why: AppError): Promise<boolean> {
    this.#peeked.delete(archiveKey(file));
    return (await this.#kept?.discard(file, hash, why)) ?? false;
  }

  #where(file: ArchiveFile): string {
    return `${this.host}/${archiveKey(file)}`;
  }

  async #zip(file: ArchiveFile, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const body = await this.#get(archiveKey(file), plausibleZip(file), (bytes) => bytes, signal);
    if (!body) return undefined;
    this.#bytes += body.length;
    // A memory of its own, so that it can be handed to another thread.
    return body.buffer instanceof ArrayBuffer && body.length === body.buffer.byteLength
      ? new Uint8Array(body.buffer)
      : new Uint8Array(body);
  }

  #checksum(file: ArchiveFile, signal: AbortSignal | undefined): Promise<Published | undefined> {
    const key = archiveKey(file);
    let asked = this.#checksums.get(key);
    if (!asked) {
      asked = this.#askChecksum(file, signal);
      asked.catch(() => this.#checksums.delete(key));
      this.#checksums.set(key, asked);
    }
    return asked;
  }

  async #askChecksum(file: ArchiveFile, signal: AbortSignal | undefined): Promise<Published | undefined> {
    const read = (body: Uint8Array): Published => {
      const { sha256: hash, name, text } = readChecksum(body);
      return { sha256: name === archiveName(file) ? hash : undefined, text };
    };
    try {
      return await this.#get(`${archiveKey(file)}.CHECKSUM`, MOST_OF_CHECKSUM, read, signal);
    } catch (error) {
      if (isOversized(error)) return { sha256: undefined, text: `more than ${MOST_OF_CHECKSUM} bytes` };
      throw error;
    }
  }

  /** undefined where there is no such file. */
  async #get<T>(
    key: string,
    most: number,
    read: (body: Uint8Array) => T,
    signal: AbortSignal | undefined,
  ): Promise<T | undefined> {
    const request = { path: `/${key}`, most };
    const where = this.#http.where(request);
    try {
      return await this.#http.get(request, (answer) => read(admit(answer, this.#synthetic, where).body), signal);
    } catch (error) {
      if (error instanceof SourceError && error.code === "not-found") return undefined;
      throw error;
    }
  }

  #noChecksum(file: ArchiveFile, checksum: Published | undefined): DataError {
    const where = `${this.#where(file)}.CHECKSUM`;
    if (!checksum) {
      const why = "is not there, twice; the file cannot be trusted without it";
      return new DataError("no-checksum", `${where} ${why}.`, "candlelake status");
    }
    if (PAGE.test(checksum.text)) return webPage(where);
    const text = JSON.stringify(checksum.text.slice(0, 100));
    return new DataError("bad-checksum", `${where} is no checksum of the file: ${text}.`, "candlelake status");
  }

  #badChecksum(file: ArchiveFile, zip: Uint8Array, hash: string, published: string): DataError {
    const isPage = PAGE.test(new TextDecoder().decode(zip.subarray(0, 100)));
    return isPage
      ? webPage(this.#where(file))
      : new DataError(
          "bad-checksum",
          `${this.#where(file)}: its SHA-256 is ${hash}, and ${published} is published; it was fetched twice.`,
          "candlelake status",
        );
  }

  /** A kept file, unless another one has been published since. */
  async #current(file: ArchiveFile, anew: boolean, signal: AbortSignal | undefined): Promise<ArchivedFile | undefined> {
    const kept = await this.#kept?.read(file);
    if (!kept) return undefined;
    const published = await (anew ? this.#checksum(file, signal) : this.#checksums.get(archiveKey(file)));
    return (anew || published) && published?.sha256 !== kept.sha256 ? undefined : kept;
  }
}

const isOversized = (error: unknown): boolean => error instanceof DataError && error.code === "oversized";

const webPage = (where: string): DataError =>
  new DataError("html-body", `${where}: a web page came in its place, twice.`, "candlelake config");
