import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { StoreError } from "../core/errors.ts";
import { tokenFileFault } from "./token-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a file of credentials holds; its `type` says how a token is had for it. */
export interface CredentialsFile {
  readonly type: string;
  readonly quota_project_id?: string;
  readonly client_email?: string;
  readonly service_account_impersonation_url?: string;
  readonly account?: string;
}

/** Application Default Credentials: a file's, or whom the machine at Google says it is. */
export type Credentials =
  | { readonly from: "file"; readonly file: string; readonly content: CredentialsFile }
  | { readonly from: "metadata" };

export interface Machine {
  readonly environment: Environment;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** File with what the firmware calls the machine. */
  readonly productName: string;
}

export const THIS: Machine = {
  environment: process.env,
  home: homedir(),
  platform: process.platform,
  productName: "/sys/class/dmi/id/product_name",
};

const LOGIN = "gcloud auth application-default login";
const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

/** Set on Google's machines: https://cloud.google.com/run/docs/container-contract#env-vars */
const PLATFORMS = ["CLOUD_RUN_JOB", "K_SERVICE", "FUNCTION_NAME", "GAE_ENV", "GCE_METADATA_HOST", "GCE_METADATA_IP"];

/** Where `gcloud auth application-default login` leaves them. */
function wellKnownFile({ environment, home, platform }: Machine): string {
  const { CLOUDSDK_CONFIG: configured, APPDATA } = environment;
  const usual = platform === "win32" ? join(APPDATA ?? home, "gcloud") : join(home, ".config", "gcloud");
  return join(configured || usual, "application_default_credentials.json");
}

/**
 * Whether a metadata server is there for sure. The client's way of finding out is to ask and wait, on a laptop for
 * seconds; so nobody is asked who may not be there.
 */
function isAtGoogle({ environment, productName }: Machine): boolean {
  const { METADATA_SERVER_DETECTION: told } = environment;
  if (told === "none") return false;
  if (told === "assume-present" || PLATFORMS.some((name) => environment[name])) return true;
  try {
    return readFileSync(productName, "utf8").startsWith("Google");
  } catch {
    return false;
  }
}

/** The file's text; undefined where there is none. */
function textOf(file: string, next: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new StoreError("bad-credentials", `${file}: Google credentials cannot be read (${code}).`, next);
  }
}

/** The library would find out with the first request, and say it in words of its own. */
function checkKey(file: string, value: object, next: string): void {
  const key = "private_key" in value ? value.private_key : undefined;
  try {
    createPrivateKey(String(key));
  } catch {
    throw new StoreError("bad-credentials", `${file}: its private key is none.`, next);
  }
}

/** Nothing of the content is ever repeated: it is the secret. */
function contentOf(file: string, text: string, next: string): CredentialsFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StoreError("bad-credentials", `${file}: this is no file of Google credentials: it is no JSON.`, next);
  }
  if (typeof value === "object" && value !== null && "type" in value && typeof value.type === "string") {
    if (value.type === "service_account") checkKey(file, value, next);
    const fault = value.type === "external_account" ? tokenFileFault(value) : undefined;
    if (fault) throw new StoreError("bad-credentials", `${file}: ${fault}.`, next);
    return { ...value, type: value.type };
  }
  throw new StoreError("bad-credentials", `${file}: this is no file of Google credentials: it has no "type".`, next);
}

/**
 * Looks where Google's clients look, in their order, and asks no network
 * (https://cloud.google.com/docs/authentication/application-default-credentials).
 * @throws StoreError `no-credentials`, `bad-credentials`
 */
export function findCredentials(machine: Machine = THIS): Credentials {
  const { environment } = machine;
  const { GOOGLE_CLOUD_QUOTA_PROJECT: quota } = environment;
  const named = environment[VARIABLE] || environment[VARIABLE.toLowerCase()];
  const file = named || wellKnownFile(machine);
  // While the variable stands, a login would change nothing.
  const next = named ? `unset ${VARIABLE}` : LOGIN;
  const text = textOf(file, next);
  if (text !== undefined) {
    const content = contentOf(file, text, next);
    return { from: "file", file, content: quota ? { ...content, quota_project_id: quota } : content };
  }
  if (named) throw new StoreError("bad-credentials", `${VARIABLE} names ${named}, and there is no such file.`, next);
  if (isAtGoogle(machine)) return { from: "metadata" };
  throw new StoreError(
    "no-credentials",
    `No Google credentials: there is no ${file}, ${VARIABLE} names no key file or workload identity, and this is no machine of Google's with a service account.`,
    LOGIN,
  );
}
