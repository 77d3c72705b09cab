import type { Evidence } from "./evidence.ts";

/** The narrowest predefined role with a permission: https://cloud.google.com/iam/docs/permissions-reference */
const ROLES: readonly (readonly [permission: RegExp, role: string])[] = [
  [/^storage\.objects\.create$/, "roles/storage.objectCreator"],
  [/^storage\.objects\.(?:get|list)$/, "roles/storage.objectViewer"],
  [/^storage\.objects\./, "roles/storage.objectUser"],
  [/^storage\.buckets\.(?:get|list)$/, "roles/storage.legacyBucketReader"],
  [/^storage\./, "roles/storage.admin"],
  [/^bigquery\.jobs\./, "roles/bigquery.jobUser"],
  [/^bigquery\.readsessions\./, "roles/bigquery.readSessionUser"],
  [/^bigquery\.datasets\.create$/, "roles/bigquery.user"],
  [/^bigquery\.datasets\.(?:update|delete|setIamPolicy)$/, "roles/bigquery.dataOwner"],
  [/^bigquery\.(?:tables\.(?:get|getData|list|export)|datasets\.get)$/, "roles/bigquery.dataViewer"],
  [/^bigquery\./, "roles/bigquery.dataEditor"],
  [/^serviceusage\./, "roles/serviceusage.serviceUsageConsumer"],
];

const PERMISSION = /\b(?:storage|bigquery|serviceusage|resourcemanager)\.[a-zA-Z]+\.[a-zA-Z]+\b/;
const WHO = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/;
const FEDERATED = /\b(?:principal|principalSet):\/\/[^\s'"]+/;

/** The permission that Google's words name; undefined where they name none. */
export const permissionOf = ({ message, reasons }: Evidence): string | undefined =>
  reasons.includes("USER_PROJECT_DENIED") || /roles\/serviceusage\.serviceUsageConsumer/.test(message)
    ? "serviceusage.services.use"
    : PERMISSION.exec(message)?.[0];

/**
 * Whom Google's words name, as bindings spell it. BigQuery names nobody: then it is whom the credentials are for, and where
 * they do not tell, who is logged in.
 */
export function memberOf({ message }: Evidence, account: string | undefined): string {
  const federated = FEDERATED.exec(message)?.[0];
  if (federated) return federated;
  const who = WHO.exec(message)?.[0];
  if (!who) return account ?? "user:$(gcloud config get account)";
  return `${who.endsWith(".gserviceaccount.com") ? "serviceAccount" : "user"}:${who}`;
}

/** Where a permission lacks, and who asked; undefined where that is not known. */
export interface Asked {
  /** `gs://NAME`, where a bucket refused. */
  readonly bucket: string | undefined;
  readonly project: string | undefined;
  /** `serviceAccount:EMAIL`. */
  readonly account: string | undefined;
}

/** The command that grants a permission with the least role that has it, on the bucket where one suffices. */
export function grantOf(evidence: Evidence, { bucket, project, account }: Asked): string {
  const permission = permissionOf(evidence) ?? (bucket === undefined ? "bigquery.jobs.create" : "storage.objects.get");
  const role = ROLES.find(([pattern]) => pattern.test(permission))?.[1] ?? "roles/viewer";
  const member = memberOf(evidence, account);
  const binding = `--member=${/[$]/.test(member) ? `"${member}"` : member} --role=${role}`;
  if (bucket !== undefined && permission.startsWith("storage."))
    return `gcloud storage buckets add-iam-policy-binding ${bucket} ${binding}`;
  return `gcloud projects add-iam-policy-binding ${project ?? '"$(gcloud config get project)"'} ${binding}`;
}
