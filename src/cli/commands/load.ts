import { dayOf, monthRange, type TimeRange } from "../../core/time.ts";
import type { Topic } from "../../pipeline/wish.ts";
import type { Context } from "../context.ts";
import { work } from "../work.ts";

/** Load units are calendar months: a range is widened to them, and that is said. */
function widened(context: Context): TimeRange | undefined {
  const { from, to } = context.range();
  if (from === undefined && to === undefined) return undefined;
  const range = { from: from ?? 0, to: to ?? Number.MAX_SAFE_INTEGER };
  const first = from === undefined ? 0 : monthRange(dayOf(range.from).slice(0, 7)).from;
  const last = to === undefined ? Date.UTC(2200, 0, 1) : monthRange(dayOf(range.to - 1).slice(0, 7)).to;
  if ((from !== undefined && first !== from) || (to !== undefined && last !== to)) {
    context.say(
      `Widened to whole months: ${from === undefined ? "the first" : dayOf(first)} to ${to === undefined ? "the last" : dayOf(last)}.`,
    );
  }
  return { from: first, to: last };
}

export async function run(context: Context): Promise<number> {
  const topic = context.args[0] as Topic | undefined;
  const load = { topic, range: widened(context), prune: context.flag("prune") };
  return work(context, { wishes: [], load }, context.flag("dry-run"));
}
