import type { TwinAnswer } from "../answer.ts";
import type { Content } from "../faults/content.ts";
import type { ArchiveHost } from "../feed.ts";
import type { Archive } from "./archive.ts";
import { checkedKey } from "./checksum.ts";
import { listing } from "./listing.ts";
import { etagOf, noSuchKey } from "./s3.ts";

/** What there is of the archive: its files and their list, its files alone, or nothing. */
export type ArchiveAccess = "listing" | "files" | "none";

export interface ArchiveAnswer {
  readonly answer: TwinAnswer;
  readonly content: Content | undefined;
}

/** The archive's two hosts: the one that has the files, and the one that lists them. Neither counts requests. */
export class ArchiveHosts {
  readonly #archive: Archive;
  readonly #access: ArchiveAccess;

  constructor(archive: Archive, access: ArchiveAccess) {
    this.#archive = archive;
    this.#access = access;
  }

  /** @param path without the host's prefix */
  serve(host: ArchiveHost, path: string, query: URLSearchParams, now: number): ArchiveAnswer {
    const key = keyOf(path);
    if (host === "binance-archive") return this.#file(key, now);
    const isThere = this.#access === "listing" && key === "";
    return { answer: isThere ? listing(this.#archive, query, now) : noSuchKey(key), content: undefined };
  }

  #file(key: string, now: number): ArchiveAnswer {
    const stored = this.#access === "none" ? undefined : this.#archive.object(key, now);
    if (!stored) return { answer: noSuchKey(key), content: undefined };
    const checked = checkedKey(key);
    const headers = {
      "content-type": checked === undefined ? "application/zip" : "text/plain",
      "last-modified": new Date(stored.modified).toUTCString(),
      etag: etagOf(key),
      "accept-ranges": "bytes",
    };
    const content: Content =
      checked === undefined
        ? { kind: "zip" }
        : { kind: "checksum", key: checked, zip: () => this.#archive.object(checked, now)?.bytes() };
    return { answer: { status: 200, headers, body: stored.bytes() }, content };
  }
}

/** Symbols may be spelled in Chinese. */
function keyOf(path: string): string {
  const text = path.slice(1);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
