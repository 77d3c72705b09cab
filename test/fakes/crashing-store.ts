import type { ObjectStore, StoredObject } from "../../src/ports.ts";

/** Thrown where the process would have been killed; nothing that was to come afterwards happens. */
export class Killed extends Error {}

/** A store whose process is killed before its n-th change; reads count for nothing, as they leave nothing behind. */
export class CrashingStore implements ObjectStore {
  readonly label = "crashing";
  private readonly inner: ObjectStore;
  private left: number;
  /** Changes that were made. */
  changes = 0;

  constructor(inner: ObjectStore, changes = Number.POSITIVE_INFINITY) {
    this.inner = inner;
    this.left = changes;
  }

  private change(): void {
    if (this.left-- <= 0) {
      this.left = 0;
      throw new Killed("killed");
    }
    this.changes++;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.inner.read(key);
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    this.change();
    return this.inner.write(key, bytes);
  }

  async remove(key: string): Promise<void> {
    this.change();
    return this.inner.remove(key);
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    yield* this.inner.list(prefix);
  }

  size(key: string): number | undefined {
    return this.inner.size(key);
  }

  modified(key: string): number | undefined {
    return this.inner.modified(key);
  }

  async flush(): Promise<void> {
    this.change();
    return this.inner.flush();
  }

  path(key: string): string | undefined {
    return this.inner.path(key);
  }
}
