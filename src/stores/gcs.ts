import type { GoogleAccess } from "../google/auth.ts";
import type { Bucket, BucketObject, BucketUsage, Logger } from "../ports.ts";

export interface GcsOptions {
  readonly name: string;
  /** `raw/` or `synthetic/`: keys lie below it. */
  readonly root: string;
  readonly access: GoogleAccess;
  readonly log: Logger;
}

export class GcsBucket implements Bucket {
  readonly name: string;
  private readonly root: string;

  constructor(options: GcsOptions) {
    this.name = options.name;
    this.root = options.root;
  }

  uri(key: string): string {
    return `gs://${this.name}/${this.root}${key}`;
  }

  list(): AsyncIterable<BucketObject> {
    throw new Error("to come");
  }

  stat(): Promise<BucketObject | undefined> {
    throw new Error("to come");
  }

  read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    throw new Error("to come");
  }

  write(): Promise<BucketObject> {
    throw new Error("to come");
  }

  remove(): Promise<void> {
    throw new Error("to come");
  }

  location(): Promise<string> {
    throw new Error("to come");
  }

  get usage(): BucketUsage {
    throw new Error("to come");
  }
}
