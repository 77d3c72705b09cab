import type { Context } from "./context.ts";
import { integerOf } from "./json.ts";
import { dropTable } from "./new-table.ts";
import { settle } from "./placement.ts";

/** Takes away what the clock has overtaken: whole tables and old partitions. */
export async function expire(context: Context): Promise<void> {
  const now = context.now();
  for (const table of context.catalog.tables()) {
    const end = integerOf(table.details["expirationTime"]);
    if (end !== undefined && end <= now) await dropTable(context, table);
    else if (table.expires <= now) await settle(context, table);
  }
}
