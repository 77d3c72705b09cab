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

/** Whom Google's words name, as bindings spell it. BigQuery names nobody: then it is who is logged in. */
export function memberOf({ message }: Evidence): string {
  const federated = FEDERATED.exec(message)?.[0];
  if (federated) return federated;
  const who = WHO.exec(message)?.[0];
  if (!who) return "user:$(gcloud config get account)";
  return `${who.endsWith(".gserviceaccount.com") ? "serviceAccount" : "user"}:${who}`;
}

/**
 * The command that grants a permission with the least role that has it, on the bucket where one suffices.
 * @param bucket `gs://NAME`, where a bucket refused
 * @param project undefined where it is not known
 */
export function grantOf(evidence: Evidence, bucket: string | undefined, project: string | undefined): string {
  const permission = permissionOf(evidence) ?? (bucket === undefined ? "bigquery.jobs.create" : "storage.objects.get");
  const role = ROLES.find(([pattern]) => pattern.test(permission))?.[1] ?? "roles/viewer";
  const member = memberOf(evidence);
  const binding = `--member=${/[$]/.test(member) ? `"${member}"` : member} --role=${role}`;
  if (bucket !== undefined && permission.startsWith("storage."))
    return `gcloud storage buckets add-iam-policy-binding ${bucket} ${binding}`;
  return `gcloud projects add-iam-policy-binding ${project ?? '"$(gcloud config get project)"'} ${binding}`;
}
