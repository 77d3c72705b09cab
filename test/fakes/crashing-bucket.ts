import type { Bucket, BucketObject, BucketUsage } from "../../src/ports/bucket.ts";
import { Killed } from "./crashing-store.ts";

/** A bucket whose user is killed before its n-th change; nothing that was to come afterwards happens. */
export class CrashingBucket implements Bucket {
  readonly name: string;
  private readonly inner: Bucket;
  private left: number;
  /** Keys that were written or removed, in order. */
  readonly changes: string[] = [];

  constructor(inner: Bucket, changes = Number.POSITIVE_INFINITY) {
    this.inner = inner;
    this.name = inner.name;
    this.left = changes;
  }

  private change(key: string): void {
    if (this.left-- <= 0) {
      this.left = 0;
      throw new Killed("killed");
    }
    this.changes.push(key);
  }

  get usage(): BucketUsage {
    return this.inner.usage;
  }

  uri(key: string): string {
    return this.inner.uri(key);
  }

  list(prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject> {
    return this.inner.list(prefix, signal);
  }

  stat(key: string, signal?: AbortSignal): Promise<BucketObject | undefined> {
    return this.inner.stat(key, signal);
  }

  read(key: string, generation?: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.inner.read(key, generation, signal);
  }

  async write(
    key: string,
    bytes: Uint8Array,
    options: Parameters<Bucket["write"]>[2],
    signal?: AbortSignal,
  ): Promise<BucketObject> {
    this.change(key);
    return this.inner.write(key, bytes, options, signal);
  }

  async remove(key: string, generation: string, signal?: AbortSignal): Promise<void> {
    this.change(key);
    return this.inner.remove(key, generation, signal);
  }

  location(signal?: AbortSignal): Promise<string> {
    return this.inner.location(signal);
  }
}
