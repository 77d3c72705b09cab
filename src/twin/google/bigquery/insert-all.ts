import type { Context, Request } from "./context.ts";
import { Failure, unserved } from "./failure.ts";
import { tableOf } from "./tables.ts";

/** Streaming, which costs money and that a project without billing may not do. @throws Failure always */
export function insertAll(context: Context, request: Request): never {
  tableOf(context, request);
  if (!context.sandbox) throw unserved("tabledata.insertAll");
  throw new Failure(
    "accessDenied",
    "Access Denied: BigQuery BigQuery: Streaming insert is not allowed in the free tier",
  );
}
