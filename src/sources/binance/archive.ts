import { createHash } from "node:crypto";
import { type ArchiveFile, archiveFolder, archiveKey, archiveName, isMonthly } from "../../core/archive-file.ts";
import { DataError, SourceError } from "../../core/errors.ts";
import { HttpClient, type HttpClientOptions } from "../../net/http-client.ts";
import type { Archive, ArchivedFile } from "../../ports.ts";
import { admit } from "./admit.ts";
import { ArchiveListing } from "./archive-listing.ts";

/** Where verified files are kept between runs. */
export interface ArchiveShelf {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
  flush(): Promise<void>;
}

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

/** Files that are kept for those who looked into them and fetch them next. */
const PEEKED = 8;

/** `<64 hex digits><white space><name>`, as sha256sum writes it. */
const CHECKSUM = /^([0-9a-f]{64})\s+\*?(\S+)\s*$/i;

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
  readonly #shelf: ArchiveShelf | undefined;
  readonly #checksums = new Map<string, Promise<Published | undefined>>();
  readonly #peeked = new Map<string, ArchivedFile>();
  #now: Promise<number> | undefined;
  #bytes = 0;

  constructor({ base, listing, synthetic = false, shelf, ...options }: BinanceArchiveOptions) {
    this.#http = new HttpClient({ ...options, base, concurrency: CONCURRENCY });
    this.#lists = listing === undefined ? undefined : new HttpClient({ ...options, base: listing, concurrency: 4 });
    this.#listing = this.#lists && new ArchiveListing(this.#lists);
    this.#synthetic = synthetic;
    this.#shelf = shelf;
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
    return listed ?? (await this.#checksum(file, signal)) !== undefined;
  }

  /** undefined where no listing tells. */
  async #listed(file: ArchiveFile, signal: AbortSignal | undefined): Promise<boolean | undefined> {
    const folder = archiveFolder(file.series, isMonthly(file) ? "monthly" : "daily");
    return (await this.#listing?.names(folder, signal))?.has(archiveName(file));
  }

  async published(file: ArchiveFile, signal?: AbortSignal): Promise<string | undefined> {
    const checksum = await this.#checksum(file, signal);
    if (!checksum || checksum.sha256 !== undefined) return checksum?.sha256;
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
    if (peeked && !(anew && this.#shelf)) return peeked;
    const kept = await this.#kept(file, anew, signal);
    if (kept) return kept;
    if ((await this.#listed(file, signal)) === false) return undefined;
    let refusal: DataError | undefined;
    for (let tries = 1; tries <= 2; tries++) {
      if (tries > 1) this.#checksums.delete(archiveKey(file));
      const [zip, checksum] = await Promise.all([this.#zip(file, signal), this.#checksum(file, signal)]);
      if (!zip) return undefined;
      if (checksum?.sha256 === undefined) {
        refusal = this.#noChecksum(file, checksum);
        continue;
      }
      const hash = sha256(zip);
      if (hash === checksum.sha256) {
        await this.#keep(file, zip, hash);
        this.#checksums.delete(archiveKey(file));
        return { zip, sha256: hash };
      }
      refusal = this.#badChecksum(file, zip, hash, checksum.sha256);
    }
    throw refusal;
  }

  async discard(file: ArchiveFile): Promise<void> {
    const key = archiveKey(file);
    await this.#shelf?.remove(`${key}.CHECKSUM`);
    await this.#shelf?.remove(key);
  }

  #where(file: ArchiveFile): string {
    return `${this.host}/${archiveKey(file)}`;
  }

  async #zip(file: ArchiveFile, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const body = await this.#get(archiveKey(file), (bytes) => bytes, signal);
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

  #askChecksum(file: ArchiveFile, signal: AbortSignal | undefined): Promise<Published | undefined> {
    const read = (body: Uint8Array): Published => {
      const text = new TextDecoder().decode(body.subarray(0, 1000));
      const [, hash, name] = CHECKSUM.exec(text) ?? [];
      return { sha256: name === archiveName(file) ? hash?.toLowerCase() : undefined, text };
    };
    return this.#get(`${archiveKey(file)}.CHECKSUM`, read, signal);
  }

  /** undefined where there is no such file. */
  async #get<T>(key: string, read: (body: Uint8Array) => T, signal: AbortSignal | undefined): Promise<T | undefined> {
    const request = { path: `/${key}` };
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

  /** A kept file counts as little as a fetched one: its hash has to fit the checksum that was kept beside it. */
  async #kept(file: ArchiveFile, anew: boolean, signal: AbortSignal | undefined): Promise<ArchivedFile | undefined> {
    const key = archiveKey(file);
    const checksum = await this.#shelf?.read(`${key}.CHECKSUM`);
    const zip = checksum && (await this.#shelf?.read(key));
    if (!checksum || !zip) return undefined;
    const hash = sha256(zip);
    const [, said] = CHECKSUM.exec(new TextDecoder().decode(checksum)) ?? [];
    // What was published since takes the kept one's place.
    const published = await (anew ? this.#checksum(file, signal) : this.#checksums.get(key));
    if ((anew || published) && published?.sha256 !== hash) return undefined;
    return said === hash ? { zip: new Uint8Array(zip), sha256: hash } : undefined;
  }

  async #keep(file: ArchiveFile, zip: Uint8Array, hash: string): Promise<void> {
    if (!this.#shelf) return;
    const key = archiveKey(file);
    await this.#shelf.write(key, zip);
    await this.#shelf.write(`${key}.CHECKSUM`, Buffer.from(`${hash}  ${archiveName(file)}`));
    await this.#shelf.flush();
  }
}

const webPage = (where: string): DataError =>
  new DataError("html-body", `${where}: a web page came in its place, twice.`, "candlelake config");

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
