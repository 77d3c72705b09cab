import type { TableMonth } from "../pipeline/gone.ts";
import type { Context } from "./context.ts";
import { monthsNamed } from "./named.ts";

/** Brings those months again, and whatever else there is to load. */
const NEXT = "candlelake load";

/** Says what the warehouse has otherwise than loads brought it: a line a table. */
export function complainOfChanged(context: Context, changed: readonly TableMonth[]): void {
  for (const [table, months] of Map.groupBy(changed, (one) => one.table)) {
    const named = monthsNamed(months, ({ month }) => month);
    const message = `${table}: the warehouse has other rows than loads brought: ${named}. The next load puts that right.`;
    context.complain({ code: "changed-in-warehouse", message, next: NEXT }, "WARNING");
  }
}

/** The member of an answer; none where there is nothing to say. */
export const changedJson = (
  context: Context,
  changed: readonly TableMonth[],
): { readonly changed?: readonly object[] } =>
  changed.length === 0 ? {} : { changed: changed.map((month) => ({ ...month, next: context.next(NEXT) })) };
