import type { TableMonth } from "../pipeline/gone.ts";
import type { Context } from "./context.ts";
import { count } from "./output.ts";

/** Brings those months again, and whatever else there is to load. */
const NEXT = "candlelake load";

/** Months that a message names one by one. */
const NAMED = 3;

/** Says what the warehouse has otherwise than loads brought it: a line a table. */
export function complainOfChanged(context: Context, changed: readonly TableMonth[]): void {
  for (const [table, all] of Map.groupBy(changed, (one) => one.table)) {
    const months = all.map(({ month }) => month);
    const more = months.length - NAMED;
    const rest = more > 0 ? ` and ${count(more, "month")} more, to ${months.at(-1)}` : "";
    const named = `${months.slice(0, NAMED).join(", ")}${rest}`;
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
