import { TABLES } from "../market/tables.ts";
import type { GoneMonth } from "../pipeline/gone.ts";
import type { Context } from "./context.ts";
import { monthsNamed } from "./named.ts";
import { count } from "./output.ts";

/** Makes the warehouse equal to the lake again. */
const NEXT = "candlelake load --prune";

const words = ({ month, rows, series }: GoneMonth): string =>
  series.length === 0
    ? `${month} (${count(rows, "row")} that no load brought)`
    : `${month} (${count(rows, "row")}: ${series.map((one) => `${one.series}, content ${one.content.slice(0, 12)}`).join("; ")})`;

/** What a table has in the warehouse that the lake does not have. */
function message(table: string, months: readonly GoneMonth[]): string {
  return `${table}: the warehouse has what the lake does not have: ${monthsNamed(months, words)}. It stays unless it is pruned.`;
}

/** Says what nobody may delete unasked: a line a table. */
export function complainOfGone(context: Context, gone: readonly GoneMonth[]): void {
  for (const { name } of TABLES) {
    const months = gone.filter(({ table }) => table === name);
    if (months.length > 0)
      context.complain({ code: "not-in-lake", message: message(name, months), next: NEXT }, "WARNING");
  }
}

/** The member of an answer; none where there is nothing to say. */
export const goneJson = (context: Context, gone: readonly GoneMonth[]): { readonly gone?: readonly object[] } =>
  gone.length === 0 ? {} : { gone: gone.map((month) => ({ ...month, next: context.next(NEXT) })) };
