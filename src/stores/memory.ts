import type { ObjectStore, StoredObject } from "../ports.ts";
import { namesOf } from "./key.ts";

/** A lake that lives as long as the process: for tests and for users who want to look before they write. */
export class MemoryStore implements ObjectStore {
  readonly label = "memory";
  readonly objects = new Map<string, Uint8Array>();
  private readonly written = new Map<string, number>();
  private writes = 0;

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(this.checked(key));
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(this.checked(key), bytes.slice());
    this.written.set(key, ++this.writes);
  }

  async remove(key: string): Promise<void> {
    this.objects.delete(this.checked(key));
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    this.checked(prefix);
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(`${prefix}/`)).sort();
    for (const key of keys) yield { key, bytes: (this.objects.get(key) as Uint8Array).length };
  }

  size(key: string): number | undefined {
    return this.objects.get(this.checked(key))?.length;
  }

  /** Counts writes: one is later than another, and that is all that matters. */
  modified(key: string): number | undefined {
    return this.objects.has(this.checked(key)) ? this.written.get(key) : undefined;
  }

  private checked(key: string): string {
    return namesOf(key, this.label).join("/");
  }

  async flush(): Promise<void> {}

  path(): undefined {
    return undefined;
  }
}
