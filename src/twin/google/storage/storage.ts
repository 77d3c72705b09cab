import type { GoogleAnswer, GoogleCall, GoogleService, StoredObjects } from "../call.ts";
import { GoogleRefusal, invalid, jsonAnswer } from "../refusal.ts";
import { Sessions } from "../sessions.ts";
import { need } from "./access.ts";
import { Bucket } from "./bucket.ts";
import { partial } from "./partial.ts";
import { ROUTES } from "./routes.ts";
import type { State } from "./state.ts";

export interface StorageOptions {
  /** Milliseconds; left out: the machine's clock. */
  readonly now?: () => number;
}

/** Parameters of what the stand-in leaves out; to ignore one in silence would be to answer something else. */
const UNSERVED = ["destinationKmsKeyName", "kmsKeyName", "matchGlob", "restoreToken", "softDeleted"];

/** A strict stand-in of Cloud Storage's JSON API v1, in memory. */
export class StorageTwin implements GoogleService, StoredObjects {
  readonly #state: State;

  constructor({ now = Date.now }: StorageOptions = {}) {
    const demo = new Bucket({ name: "demo-bucket", location: "US-CENTRAL1" }, now());
    let last = 0;
    this.#state = {
      buckets: new Map([[demo.name, demo]]),
      sessions: new Sessions(),
      now,
      nextGeneration: () => {
        last = Math.max(last + 1, now() * 1000);
        return last;
      },
    };
  }

  async handle(call: GoogleCall): Promise<GoogleAnswer | undefined> {
    try {
      const answer = this.#route(call);
      const fields = call.query.get("fields");
      if (fields === null || answer?.status !== 200 || !answer.headers["content-type"]?.includes("json")) return answer;
      if (call.query.get("alt") === "media") return answer;
      return jsonAnswer(200, partial(JSON.parse(Buffer.from(answer.body).toString()), fields), answer.headers);
    } catch (error) {
      if (error instanceof GoogleRefusal) return error.answer;
      throw error;
    }
  }

  #route(call: GoogleCall): GoogleAnswer | undefined {
    for (const { method, path, permission, answer } of ROUTES) {
      const match = method === call.method ? path.exec(call.path) : null;
      if (!match) continue;
      checkServed(call);
      const part = (name: string) => decoded(match.groups?.[name] ?? "");
      if (permission !== undefined) need({ call, bucket: part("bucket") }, permission);
      const target = { bucket: part("toBucket"), object: part("toObject") };
      return answer({ call, state: this.#state, bucket: part("bucket"), object: part("object"), target });
    }
    return undefined;
  }

  location(bucket: string): string | undefined {
    return this.#state.buckets.get(bucket)?.location;
  }

  names(bucket: string, prefix: string): readonly string[] {
    const contents = this.#state.buckets.get(bucket)?.contents;
    const names: string[] = [];
    for (const name of contents?.names(prefix) ?? []) {
      if (!name.startsWith(prefix)) break;
      if (contents?.live(name)) names.push(name);
    }
    return names;
  }

  read(bucket: string, name: string): Uint8Array | undefined {
    return this.#state.buckets.get(bucket)?.contents.live(name)?.bytes;
  }

  async close(): Promise<void> {}
}

function checkServed({ query, headers }: GoogleCall): void {
  const unserved = UNSERVED.find((name) => !["", "false", null].includes(query.get(name)?.toLowerCase() ?? null));
  const what = unserved ?? (headers["x-goog-encryption-algorithm"] && "Encryption with a key of the client's own");
  if (what) throw new GoogleRefusal(501, "notImplemented", `${what} is not served by this stand-in.`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`Invalid percent-encoding: ${text}`);
  }
}
