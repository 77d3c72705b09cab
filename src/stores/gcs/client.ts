import type { Bucket, StorageOptions } from "@google-cloud/storage";
import { MINUTE } from "../../core/time.ts";
import type { GoogleAccess } from "../../google/auth.ts";
import { findCredentials } from "../../google/credentials.ts";
import { withoutEmulators } from "../../google/emulators.ts";
import { quietly } from "../../google/quiet.ts";

/** Milliseconds that one request may take, from its first byte to the answer's last. */
export const REQUEST_TIME = MINUTE;

/**
 * Credentials in the form that this client reads itself. It may bring another version of the authentication library than
 * BigQuery's: versions of it were seen that take the other's client and drop its token without a word.
 */
function identity({ endpoint }: GoogleAccess): StorageOptions {
  // Elsewhere than at Google the client asks nobody for a token, and sends none.
  if (endpoint !== undefined) return { apiEndpoint: endpoint };
  const found = findCredentials();
  return found.from === "file" ? { credentials: found.content } : {};
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
  const storage = withoutEmulators(() => quietly(() => new Storage(options)));
  // It would make what asks for tokens within the first request, and say there what it says.
  if (options.credentials) await quietly(() => storage.authClient.getClient());
  return storage.bucket(name);
}
