import type { AuthClient } from "google-auth-library";
import { findCredentials } from "./credentials.ts";
import { quietly } from "./quiet.ts";

/** How Google's services are reached. */
export interface GoogleAccess {
  /** The server's base; undefined for Google's own. */
  readonly endpoint: string | undefined;
  /** The project that is asked; undefined where the credentials tell. */
  readonly project: string | undefined;
}

/** All that both services need; what may be done with it is up to the account's roles. */
const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];

/**
 * Who asks: Application Default Credentials, or nobody at another endpoint, which then never sees a token. No network is
 * asked before the first request.
 * @throws StoreError `no-credentials` with the command that makes them, `bad-credentials`
 */
export async function authOf({ endpoint }: GoogleAccess): Promise<AuthClient> {
  const found = endpoint === undefined ? findCredentials() : undefined;
  const { Compute, GoogleAuth, PassThroughClient } = await import("google-auth-library");
  if (!found) return new PassThroughClient();
  if (found.from === "metadata") return new Compute({ scopes: SCOPES });
  // Given the content, the library looks for nothing more: no metadata server, no `gcloud` in a process of its own.
  return quietly(() => new GoogleAuth({ credentials: found.content, scopes: SCOPES }).getClient());
}
