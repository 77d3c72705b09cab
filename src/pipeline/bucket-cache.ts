import { CACHE } from "../core/layout.ts";
import type { ObjectStore } from "../ports.ts";

/** Copies of what a bucket has, in the local lake's folder. */
export class BucketCache {
  private readonly store: ObjectStore;
  private readonly folder: string;

  constructor(store: ObjectStore, bucket: string) {
    this.store = store;
    this.folder = `${CACHE}/${bucket}`;
  }

  /** The copy of that name; where there is none, or a damaged one, what is fetched, which is kept. @throws StoreError */
  async get(
    name: string,
    fetch: () => Promise<Uint8Array | undefined>,
    isGood: (bytes: Uint8Array) => boolean,
  ): Promise<Uint8Array | undefined> {
    const key = this.key(name);
    const kept = await this.store.read(key);
    if (kept && isGood(kept)) return kept;
    const bytes = await fetch();
    if (bytes && isGood(bytes)) {
      await this.store.write(key, bytes);
      await this.store.flush();
    }
    return bytes;
  }

  /** Keeps a copy; it is forgotten with the process unless `flush` follows. @throws StoreError */
  put(name: string, bytes: Uint8Array): Promise<void> {
    return this.store.write(this.key(name), bytes);
  }

  remove(name: string): Promise<void> {
    return this.store.remove(this.key(name));
  }

  flush(): Promise<void> {
    return this.store.flush();
  }

  /** The local file of a copy. */
  path(name: string): string | undefined {
    return this.store.path(this.key(name));
  }

  private key(name: string): string {
    return `${this.folder}/${name}`;
  }
}
