import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { AuthClient } from "google-auth-library";
import { StoreError } from "../core/errors.ts";

/** How Google's services are reached. */
export interface GoogleAccess {
  /** The server's base; undefined for Google's own. */
  readonly endpoint: string | undefined;
  /** The project that is asked; undefined where the credentials tell. */
  readonly project: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOGIN = "gcloud auth application-default login";

/** Where `gcloud auth application-default login` leaves them. */
function wellKnownFile(environment: Environment): string {
  const folder = environment["CLOUDSDK_CONFIG"];
  if (folder) return join(folder, "application_default_credentials.json");
  const home = process.platform === "win32" ? environment["APPDATA"] : join(homedir(), ".config");
  return join(home ?? homedir(), "gcloud", "application_default_credentials.json");
}

/** Told by the platform; nobody else is asked for a token, because a metadata server that is not there is waited for. */
const PLATFORMS = ["CLOUD_RUN_JOB", "K_SERVICE", "FUNCTION_TARGET", "GAE_ENV", "GCE_METADATA_HOST"];

/** What the firmware of a machine at Google calls itself. */
const DMI = "/sys/class/dmi/id/product_name";

function isAtGoogle(environment: Environment, dmi: string): boolean {
  if (PLATFORMS.some((name) => environment[name])) return true;
  try {
    return readFileSync(dmi, "utf8").startsWith("Google");
  } catch {
    return false;
  }
}

/**
 * Looks for Application Default Credentials where the client looks for them, and asks no network.
 * https://cloud.google.com/docs/authentication/application-default-credentials
 * @throws StoreError `no-credentials`, `bad-credentials`
 */
export function findCredentials(environment: Environment = process.env, dmi: string = DMI): void {
  const named = environment["GOOGLE_APPLICATION_CREDENTIALS"];
  const file = named || wellKnownFile(environment);
  if (existsSync(file)) {
    try {
      if (typeof JSON.parse(readFileSync(file, "utf8")).type === "string") return;
    } catch {
      // Told below: what is in the file is nobody's business.
    }
    throw new StoreError("bad-credentials", `${file} holds no credentials of Google's.`, LOGIN);
  }
  if (named)
    throw new StoreError("no-credentials", `GOOGLE_APPLICATION_CREDENTIALS names ${named}, which is not there.`, LOGIN);
  if (isAtGoogle(environment, dmi)) return;
  throw new StoreError(
    "no-credentials",
    "There are no Google credentials here: neither GOOGLE_APPLICATION_CREDENTIALS, nor those of a login, nor a service account of a machine at Google.",
    LOGIN,
  );
}

/**
 * Who asks: nobody at another endpoint, which then never sees a token; undefined at Google's own, where the clients find
 * Application Default Credentials.
 * @throws StoreError `no-credentials`, `bad-credentials`
 */
export async function authOf({ endpoint }: GoogleAccess): Promise<AuthClient | undefined> {
  if (endpoint === undefined) {
    findCredentials();
    return undefined;
  }
  const { PassThroughClient } = await import("google-auth-library");
  return new PassThroughClient();
}

/** The clients' own variables: they change the shape of their addresses, so they are read by us and hidden from them. */
const EMULATORS = ["STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST"];

/** Makes a client that does not see the emulators' variables. */
export function withoutEmulators<T>(make: () => T): T {
  const kept = EMULATORS.map((name) => [name, process.env[name]] as const);
  for (const name of EMULATORS) delete process.env[name];
  try {
    return make();
  } finally {
    for (const [name, value] of kept) if (value !== undefined) process.env[name] = value;
  }
}
