import { crc32c } from "../core/crc32c.ts";
import { AppError, DataError } from "../core/errors.ts";
import { type Dates, fetchCommand, refetchCommand } from "../core/ingest-command.ts";
import { MANIFESTS, manifestKey, objectKey, parseManifestName, parsePartitionKey } from "../core/layout.ts";
import { type Entry, type Manifest, manifestText } from "../core/manifest.ts";
import { parseManifest } from "../core/manifest-reader.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import { type Day, daysOf, type Month, monthOf, monthRange } from "../core/time.ts";
import type { Bucket, BucketObject } from "../ports/bucket.ts";
import type { ObjectStore } from "../ports.ts";
import { BucketCache } from "./bucket-cache.ts";
import { BucketListing } from "./bucket-listing.ts";
import { isOurs } from "./foreign.ts";
import { sha256 } from "./rows.ts";

interface Page {
  /** undefined where the bucket has no such manifest. */
  readonly manifest: Manifest | undefined;
  /** The one that the next version replaces. */
  readonly generation: string | null;
  readonly damage: AppError | undefined;
}

/** What an entry of the bucket says beside the local one: which generation of the object it means. */
export type StoredEntry = Entry & { readonly stored: NonNullable<Entry["stored"]> };

/**
 * The lake as a bucket has it: its manifests, and its objects as list calls tell them. Nothing is asked of the bucket an
 * object at a time; manifests are kept in a cache by generation.
 */
export class BucketLake {
  readonly bucket: Bucket;
  private readonly signal: AbortSignal | undefined;
  private readonly cache: BucketCache;
  private readonly listing: BucketListing;
  private readonly pages = new Map<string, Page>();
  private readonly entries = new Map<string, Entry>();

  /**
   * @param store the local lake's, where copies are kept
   * @param signal ends what is being read
   */
  constructor(bucket: Bucket, store: ObjectStore, signal?: AbortSignal) {
    this.bucket = bucket;
    this.signal = signal;
    this.cache = new BucketCache(store, bucket.name);
    this.listing = new BucketListing(bucket, signal);
  }

  /** Lists everything under the root, once for all that is asked afterwards. @throws StoreError */
  listAll(): Promise<readonly BucketObject[]> {
    return this.listing.listAll();
  }

  /**
   * Every series of a table that has manifests in the bucket, and for which months; where everything was listed, also
   * those that have objects alone. @throws StoreError
   */
  async shelves(table: TableName): Promise<readonly { readonly series: Series; readonly month: Month }[]> {
    const keys = [...(await this.listing.manifests(table)).keys()];
    const named = keys.flatMap((key) => parseManifestName(table, key.slice(key.lastIndexOf("/") + 1)) ?? []);
    const stored = this.listing.all().flatMap((object) => {
      const place = isOurs(object) ? parsePartitionKey(table, object.key, "object") : undefined;
      return place ? { series: place.series, month: monthOf(place.day) } : [];
    });
    return [...named, ...stored];
  }

  /** Reads what a plan of these months looks at. @throws StoreError */
  async open(table: TableName, series: Series, months: readonly Month[]): Promise<void> {
    const manifests = await this.listing.manifests(table);
    const unread = months.filter((month) => !this.pages.has(manifestKey(table, series, month)));
    if (unread.length === 0) return;
    await this.listing.open(table, series, unread);
    await Promise.all(unread.map((month) => this.readPage(table, series, month, manifests)));
  }

  private async readPage(
    table: TableName,
    series: Series,
    month: Month,
    manifests: ReadonlyMap<string, BucketObject>,
  ): Promise<void> {
    const key = manifestKey(table, series, month);
    const object = manifests.get(key);
    if (!object) {
      this.pages.set(key, { manifest: undefined, generation: null, damage: undefined });
      return;
    }
    const { generation } = object;
    const fetch = () => this.bucket.read(key, generation, this.signal);
    const isGood = (bytes: Uint8Array) => bytes.byteLength === object.bytes && crc32c(bytes) === object.crc32c;
    const bytes = await this.cache.get(`${key}.${generation}`, fetch, isGood);
    try {
      if (!bytes) throw changing(this.bucket.uri(key), series, month);
      this.keep(key, parseManifest(bytes, table, series, month, this.bucket.uri(key)), generation);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const damage = this.mendable(error, table, series, month);
      this.pages.set(key, { manifest: undefined, generation, damage });
    }
  }

  /** The same error, with the command that fetches the days of which there are objects, and none before anybody's range. */
  private mendable(error: AppError, table: TableName, series: Series, month: Month): AppError {
    const days = daysOf(monthRange(month)).filter((day) => {
      const object = this.listing.object(objectKey(table, series, day));
      return object !== undefined && isOurs(object);
    });
    const [first, last] = [days[0], days.at(-1)];
    if (error.code !== "bad-manifest" || !first || !last) return error;
    return new DataError(error.code, error.message, refetchCommand(series, [first, last]), { cause: error });
  }

  private keep(key: string, manifest: Manifest, generation: string): void {
    this.pages.set(key, { manifest, generation, damage: undefined });
    for (const entry of manifest.partitions.values()) if (entry.object) this.entries.set(entry.object, entry);
  }

  manifest(table: TableName, series: Series, month: Month): Manifest | undefined {
    return this.pages.get(manifestKey(table, series, month))?.manifest;
  }

  entry(table: TableName, series: Series, day: Day): Entry | undefined {
    return this.manifest(table, series, day.slice(0, 7))?.partitions.get(day);
  }

  /**
   * Why nobody knows what the bucket has of a month: its manifest cannot be read, and objects are there that are not
   * known otherwise, by day and hash. Where all of them are, the manifest can be written anew.
   */
  damage(
    table: TableName,
    series: Series,
    month: Month,
    isKnown: (day: Day, sha256: string) => boolean = () => false,
  ): AppError | undefined {
    const damage = this.pages.get(manifestKey(table, series, month))?.damage;
    if (!damage || damage.code === "newer-format") return damage;
    const isMissed = (day: Day): boolean => {
      const object = this.listing.object(objectKey(table, series, day));
      return object !== undefined && isOurs(object) && !isKnown(day, object.metadata["sha256"] ?? "");
    };
    return daysOf(monthRange(month)).some(isMissed) ? damage : undefined;
  }

  /** Why a month's manifest cannot be read, whoever knows what it named. */
  unreadable(table: TableName, series: Series, month: Month): AppError | undefined {
    return this.pages.get(manifestKey(table, series, month))?.damage;
  }

  /**
   * An object of ours that no manifest names: a run was killed before it wrote one, or it is gone, or cannot be read, or
   * says that the day is empty. Nothing is known of gaps and sources, but that these rows were stored, and must not vanish.
   */
  unnamed(table: TableName, series: Series, day: Day): BucketObject | undefined {
    const page = this.pages.get(manifestKey(table, series, monthOf(day)));
    const entry = page?.manifest?.partitions.get(day);
    const object = this.listing.object(objectKey(table, series, day));
    if (!page || typeof entry?.object === "string" || !object || !isOurs(object)) return undefined;
    // One that could not be read was given up by force: the day is empty without it.
    const isGivenUp = entry?.revisions.some(({ sha256: hash }) => hash === object.metadata["sha256"]);
    return isGivenUp ? undefined : object;
  }

  /** Days of a month of which there are such objects. */
  unnamedDays(table: TableName, series: Series, month: Month): readonly Day[] {
    return daysOf(monthRange(month)).filter((day) => this.unnamed(table, series, day));
  }

  /** The object at a key, as it was listed. */
  object(key: string): BucketObject | undefined {
    return this.listing.object(key);
  }

  /** Bytes of all objects that were seen. */
  get bytes(): number {
    return this.listing.bytes;
  }

  /** The bucket has an entry's very bytes and rows, and they are those that its own manifest means. */
  holds(own: Entry): boolean {
    const { object, sha256: hash } = own;
    const [entry, there] = object === null ? [] : [this.entries.get(object), this.listing.object(object)];
    if (!there || entry?.sha256 !== hash || contradicts(there, own)) return false;
    return entry?.stored !== undefined && this.isCurrent(entry as StoredEntry);
  }

  /**
   * The generation that was meant, or one with the same bytes: it was restored, copied, or is of another class now. One
   * that says otherwise of itself is not what a manifest that somebody edited means.
   */
  private isCurrent(entry: StoredEntry): boolean {
    const { object, bytes, stored } = entry;
    const there = object === null ? undefined : this.listing.object(object);
    if (!there || contradicts(there, entry)) return false;
    return there.generation === stored.generation || (there.crc32c === stored.crc32c && there.bytes === bytes);
  }

  /** The bucket has these bytes at a key, and has had them since before `time` (milliseconds). */
  heldSince(key: string, hash: string, time: number): boolean {
    const entry = this.entries.get(key);
    const { created = Number.POSITIVE_INFINITY } = this.listing.object(key) ?? {};
    return entry?.sha256 === hash && this.holds(entry) && created <= time;
  }

  /** The object at a key is the one that a manifest means, whoever put it there. */
  means(key: string): boolean {
    const entry = this.entries.get(key);
    return entry?.stored !== undefined && this.isCurrent(entry as StoredEntry);
  }

  /** Another object than the one that the bucket's own manifest means lies in an entry's place, or none. */
  isReplaced({ object, sha256: hash }: Entry): boolean {
    const entry = object === null ? undefined : this.entries.get(object);
    return entry?.sha256 === hash && entry?.stored !== undefined && !this.isCurrent(entry as StoredEntry);
  }

  /** The bytes of an entry that the bucket holds; undefined where it does not. @throws StoreError */
  async read(entry: Entry): Promise<Uint8Array | undefined> {
    if (!this.holds(entry) || entry.object === null) return undefined;
    const { object, sha256: hash } = entry;
    return this.copy(object, hash ?? "", this.listing.object(object)?.generation);
  }

  /** The bytes that an object's metadata name; undefined where it has others. @throws StoreError */
  bytesOf({ key, generation, metadata }: BucketObject): Promise<Uint8Array | undefined> {
    return this.copy(key, metadata["sha256"] ?? "", generation);
  }

  private async copy(key: string, hash: string, generation: string | undefined): Promise<Uint8Array | undefined> {
    const isGood = (bytes: Uint8Array) => sha256(bytes) === hash;
    const fetch = () => this.bucket.read(key, generation, this.signal);
    const bytes = await this.cache.get(`objects/${hash}.parquet`, fetch, isGood);
    return bytes && isGood(bytes) ? bytes : undefined;
  }

  /** The object that has an entry's bytes and tells other rows of itself. */
  contradicting(entry: Entry): BucketObject | undefined {
    const there = entry.object === null ? undefined : this.listing.object(entry.object);
    return there && contradicts(there, entry) ? there : undefined;
  }

  /** A local file of an entry that the bucket holds. @throws StoreError */
  async file(entry: Entry): Promise<string | undefined> {
    const bytes = await this.read(entry);
    return bytes && this.cache.path(`objects/${entry.sha256}.parquet`);
  }

  /** Lists again what lies in the objects' months, or tables: what is known of it is as old as the run. @throws StoreError */
  look(keys: Iterable<string>, signal?: AbortSignal): Promise<void> {
    return this.listing.look(keys, signal);
  }

  /** Forgets all that was read of a table: another machine has written it since. */
  forget(table: TableName): void {
    const isOf = (key: string): boolean => key.startsWith(`${table}/`) || key.startsWith(`${MANIFESTS}/${table}/`);
    for (const known of [this.pages, this.entries]) for (const key of known.keys()) if (isOf(key)) known.delete(key);
    this.listing.forget(table);
  }

  /** An object that was just written. */
  note(object: BucketObject): void {
    this.listing.note(object);
  }

  /**
   * Writes a month's manifest over the one that was read.
   * @throws StoreError `bucket-conflict` where another run has written it meanwhile
   */
  async save(manifest: Manifest, signal?: AbortSignal): Promise<void> {
    const { table, series, month } = manifest;
    const key = manifestKey(table, series, month);
    const bytes = new TextEncoder().encode(manifestText(manifest));
    const replaces = this.pages.get(key)?.generation ?? null;
    const written = await this.bucket.write(key, bytes, { replaces }, signal);
    this.keep(key, manifest, written.generation);
    await this.cache.put(`${key}.${written.generation}`, bytes);
    if (replaces !== null) await this.cache.remove(`${key}.${replaces}`);
  }

  /** Keeps what was written for the next run: without this it is forgotten with the process. @throws StoreError */
  async keepCache(): Promise<void> {
    await this.cache.flush();
  }
}

/** An object of an entry's very hash that tells other rows of itself than the entry does. */
export function contradicts({ metadata }: BucketObject, { sha256: hash, rows, content }: Entry): boolean {
  if (metadata["sha256"] !== hash) return false;
  return (metadata["rows"] ?? String(rows)) !== String(rows) || (metadata["content"] ?? content) !== content;
}

/** Something was another when it was to be read than it was when the bucket was listed. */
export const changing = (uri: string, series: Series, dates: Dates): DataError =>
  new DataError(
    "bucket-changing",
    `${uri} was replaced or deleted while this ran, by another run or by hand.`,
    fetchCommand(series, dates),
  );
