import { UsageError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { work } from "../work.ts";

export async function run(context: Context): Promise<number> {
  if (context.config.bucket === undefined)
    throw new UsageError("no-bucket", "Which bucket? Add --bucket gs://NAME.", "candlelake upload --bucket gs://NAME");
  return work(context, { wishes: [], upload: "all", load: null }, context.flag("dry-run"));
}
