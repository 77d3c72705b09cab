import type { GoogleAnswer, GoogleCall, GoogleService, StoredObjects } from "../call.ts";
import { GoogleRefusal } from "../refusal.ts";
import { Bucket } from "./bucket.ts";
import { ROUTES } from "./routes.ts";
import type { State } from "./state.ts";

export interface StorageOptions {
  /** Milliseconds; left out: the machine's clock. */
  readonly now?: () => number;
}

/** A strict stand-in of Cloud Storage's JSON API v1, in memory. */
export class StorageTwin implements GoogleService, StoredObjects {
  readonly #state: State;

  constructor({ now = Date.now }: StorageOptions = {}) {
    const demo = new Bucket({ name: "demo-bucket", location: "US-CENTRAL1" }, now());
    let last = 0;
    this.#state = {
      buckets: new Map([[demo.name, demo]]),
      now,
      nextGeneration: () => {
        last = Math.max(last + 1, now() * 1000);
        return last;
      },
    };
  }

  async handle(call: GoogleCall): Promise<GoogleAnswer | undefined> {
    try {
      for (const { method, path, answer } of ROUTES) {
        const groups = method === call.method ? path.exec(call.path)?.groups : undefined;
        if (groups)
          return answer({ call, state: this.#state, bucket: part(groups, "bucket"), object: part(groups, "object") });
      }
      return undefined;
    } catch (error) {
      if (error instanceof GoogleRefusal) return error.answer;
      throw error;
    }
  }

  location(bucket: string): string | undefined {
    return this.#state.buckets.get(bucket)?.location;
  }

  names(bucket: string, prefix: string): readonly string[] {
    const contents = this.#state.buckets.get(bucket)?.contents;
    return contents?.names().filter((name) => name.startsWith(prefix) && contents.live(name)) ?? [];
  }

  read(bucket: string, name: string): Uint8Array | undefined {
    return this.#state.buckets.get(bucket)?.contents.live(name)?.bytes;
  }

  async close(): Promise<void> {}
}

const part = (groups: Readonly<Record<string, string | undefined>>, name: string): string =>
  decodeURIComponent(groups[name] ?? "");
