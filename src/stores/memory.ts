import type { ObjectStore, StoredObject } from "../ports.ts";

/** A lake that lives as long as the process: for tests and for users who want to look before they write. */
export class MemoryStore implements ObjectStore {
  readonly label = "memory";
  readonly objects = new Map<string, Uint8Array>();

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(key);
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(key, bytes.slice());
  }

  async remove(key: string): Promise<void> {
    this.objects.delete(key);
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(`${prefix}/`)).sort();
    for (const key of keys) yield { key, bytes: (this.objects.get(key) as Uint8Array).length };
  }

  size(key: string): number | undefined {
    return this.objects.get(key)?.length;
  }

  async flush(): Promise<void> {}

  path(): undefined {
    return undefined;
  }
}
