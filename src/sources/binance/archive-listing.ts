import { DataError, SourceError } from "../../core/errors.ts";
import type { HttpClient } from "../../net/http-client.ts";
import { bodyText } from "../../net/transport.ts";

/** Two hundred thousand keys: some thirty times as many as a folder has. */
const MOST_PAGES = 200;

/** Names of the ZIPs of a folder. */
export type Names = ReadonlySet<string>;

const KEY = /<Key>([^<]+)<\/Key>/g;
const NEXT = /<NextMarker>([^<]+)<\/NextMarker>/;

/**
 * What a bucket says it has, by the first version of S3's ListObjects: a thousand keys a page, in order. A host without
 * a listing, or one that answers something else or never ends, is taken to have none, and not asked again; files are then
 * asked for by name.
 */
export class ArchiveListing {
  readonly #http: HttpClient;
  readonly #folders = new Map<string, Promise<Names | undefined>>();
  #isNone = false;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** @param folder with a slash at its end; undefined where there is no listing */
  names(folder: string, signal?: AbortSignal): Promise<Names | undefined> {
    if (this.#isNone) return Promise.resolve(undefined);
    let names = this.#folders.get(folder);
    if (!names) {
      names = this.#list(folder, signal).catch((error) => {
        this.#folders.delete(folder);
        if (error instanceof SourceError || error instanceof DataError) return undefined;
        throw error;
      });
      this.#folders.set(folder, names);
    }
    return names;
  }

  async #list(folder: string, signal: AbortSignal | undefined): Promise<Names | undefined> {
    const names = new Set<string>();
    let marker = "";
    for (let pages = 0; pages < MOST_PAGES && !this.#isNone; pages++) {
      const query = { delimiter: "/", prefix: folder, ...(marker ? { marker } : {}) };
      const page = await this.#http.get({ path: "", query, subject: folder }, bodyText, signal);
      if (!page.includes("<ListBucketResult")) break;
      const keys = [...page.matchAll(KEY)].map(([, key = ""]) => key);
      for (const key of keys) {
        if (key.startsWith(folder) && key.endsWith(".zip")) names.add(key.slice(folder.length));
      }
      if (!page.includes("<IsTruncated>true<")) return names;
      // Without a delimiter the next page's beginning is not told; it is the last key.
      const next = NEXT.exec(page)?.[1] ?? keys.at(-1) ?? "";
      if (keys.length === 0 || next <= marker) break;
      marker = next;
    }
    this.#isNone = true;
    return undefined;
  }
}
