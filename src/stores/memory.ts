import type { ObjectStore, StoredObject } from "../ports.ts";
import { namesOf } from "./key.ts";

/** A lake that lives as long as the process: for tests and for users who want to look before they write. */
export class MemoryStore implements ObjectStore {
  readonly label = "memory";
  readonly objects = new Map<string, Uint8Array>();

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(this.checked(key));
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(this.checked(key), bytes.slice());
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

  private checked(key: string): string {
    return namesOf(key, this.label).join("/");
  }

  async flush(): Promise<void> {}

  path(): undefined {
    return undefined;
  }
}
