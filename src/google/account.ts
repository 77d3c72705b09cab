import { type Credentials, findCredentials, type Machine, THIS } from "./credentials.ts";

/** Milliseconds: the server is on the machine, or there is none. */
const PATIENCE = 2_000;

const IMPERSONATED = /\/serviceAccounts\/(?<email>[^/:]+@[^/:]+):generateAccessToken$/;

const serviceAccount = (email: string): string => `serviceAccount:${email}`;

/** Whom a file of credentials is for, where it says so: people's logins mostly do not. */
function named({ content }: Extract<Credentials, { from: "file" }>): string | undefined {
  const { client_email: email, service_account_impersonation_url: url, account } = content;
  const impersonated = IMPERSONATED.exec(url ?? "")?.groups?.["email"];
  if (impersonated) return serviceAccount(impersonated);
  if (email) return serviceAccount(email);
  return account ? `user:${account}` : undefined;
}

/** https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys */
async function attached({ environment }: Machine): Promise<string | undefined> {
  const host = environment["GCE_METADATA_IP"] || environment["GCE_METADATA_HOST"] || "metadata.google.internal";
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/email`;
  const headers = { "Metadata-Flavor": "Google" };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE) });
  const email = (await answer.text()).trim();
  return answer.ok && email.includes("@") ? serviceAccount(email) : undefined;
}

/**
 * Whom Google knows us as, as bindings spell it: `serviceAccount:EMAIL`. For messages: undefined where neither the
 * credentials nor the machine tell.
 */
export async function findAccount(machine: Machine = THIS): Promise<string | undefined> {
  try {
    const found = findCredentials(machine);
    return found.from === "file" ? named(found) : await attached(machine);
  } catch {
    return undefined;
  }
}
