import type { Bucket, StorageOptions } from "@google-cloud/storage";
import { MINUTE } from "../../core/time.ts";
import type { GoogleAccess } from "../../google/auth.ts";
import { findCredentials } from "../../google/credentials.ts";
import { withoutEmulators } from "../../google/emulators.ts";

/** Milliseconds that one request may take, from its first byte to the answer's last. */
export const REQUEST_TIME = MINUTE;

/** Elsewhere than at Google the client asks nobody for a token. There it reads the file that was found by itself. */
function identity({ endpoint }: GoogleAccess): StorageOptions {
  if (endpoint !== undefined) return { apiEndpoint: endpoint };
  findCredentials();
  return {};
}

/**
 * Google's client, loaded when it is needed. It repeats nothing by itself: a repetition that it makes can neither be
 * counted nor stopped.
 * @throws StoreError `no-credentials`, `bad-credentials`
 */
export async function openBucket(name: string, access: GoogleAccess): Promise<Bucket> {
  const options: StorageOptions = {
    ...identity(access),
    ...(access.project === undefined ? {} : { projectId: access.project }),
    retryOptions: { autoRetry: false },
    timeout: REQUEST_TIME,
    userAgent: "candlelake",
  };
  const { Storage } = await import("@google-cloud/storage");
  return withoutEmulators(() => new Storage(options)).bucket(name);
}
