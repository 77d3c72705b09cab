/** An object of a bucket, as a list call tells it. */
export interface BucketObject {
  /** Below the world's root: without `raw/` or `synthetic/`. */
  readonly key: string;
  readonly bytes: number;
  /** A decimal number beyond 2^53; every write gives another one. */
  readonly generation: string;
  /** Base64 of the big-endian CRC-32C, as Cloud Storage spells it. */
  readonly crc32c: string;
  /** Milliseconds; when this generation came to be, by the service's clock. */
  readonly created: number;
  /** What its writer said of it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a bucket was asked for, and what it moved. */
export interface BucketUsage {
  readonly lists: number;
  readonly reads: number;
  readonly writes: number;
  readonly others: number;
  readonly retries: number;
  readonly bytesUploaded: number;
  readonly bytesDownloaded: number;
}

/**
 * Objects under one root of a bucket (`gs://NAME/raw/`). Writes name the generation that they replace: nobody's work is
 * overwritten unseen, and a write that is sent twice happens once.
 */
export interface Bucket {
  readonly name: string;
  /** `gs://NAME/raw/KEY`. */
  uri(key: string): string;
  /** Objects whose key starts with `prefix` (whole folder names), ascending by key, a page a request. @throws StoreError */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject>;
  /** undefined where there is none. @throws StoreError */
  stat(key: string, signal?: AbortSignal): Promise<BucketObject | undefined>;
  /**
   * The object's bytes, compared with its checksum; of one generation where one is named. undefined where there is none.
   * @throws StoreError
   */
  read(key: string, generation?: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Writes one whole object over `replaces`; null where there must be none. The checksum goes with it, so that torn bytes
   * are refused. An object that is there with these bytes and this metadata already, because an answer got lost, is a success.
   * @throws StoreError `bucket-conflict` where somebody else's is there
   */
  write(
    key: string,
    bytes: Uint8Array,
    options: { readonly replaces: string | null; readonly metadata?: Readonly<Record<string, string>> },
    signal?: AbortSignal,
  ): Promise<BucketObject>;
  /** Removes this generation; what is gone already, is. @throws StoreError `bucket-conflict` where another one is there */
  remove(key: string, generation: string, signal?: AbortSignal): Promise<void>;
  /** Where its data lie, lower case: `us-central1`. @throws StoreError `no-bucket`, `permission-denied` */
  location(signal?: AbortSignal): Promise<string>;
  readonly usage: BucketUsage;
}
