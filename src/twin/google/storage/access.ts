import { GoogleRefusal } from "../refusal.ts";
import type { StorageRequest } from "./state.ts";

const ACCOUNT = "demo@demo.iam.gserviceaccount.com";

/** Permissions whose resource is the bucket. */
const OF_BUCKETS = /^storage\.(?:buckets\.|managedFolders\.|objects\.list$)/;

/** @throws GoogleRefusal 403 where the caller lacks the permission */
export function need({ call, bucket }: Pick<StorageRequest, "call" | "bucket">, permission: string): void {
  if (!call.may || call.may(permission, bucket)) return;
  const resource = OF_BUCKETS.test(permission) ? "bucket" : "object";
  const message = `${ACCOUNT} does not have ${permission} access to the Google Cloud Storage ${resource}. Permission '${permission}' denied on resource (or it may not exist).`;
  throw new GoogleRefusal(403, "forbidden", message);
}
