import { UsageError } from "../../core/errors.ts";
import { readWish, type Topic, type Wish } from "../../pipeline/wish.ts";
import type { Context } from "../context.ts";
import { work } from "../work.ts";

function wishOf(context: Context): Wish {
  const help = "candlelake ingest --help";
  const symbol = context.text("symbol");
  if (symbol === undefined) throw new UsageError("missing-symbol", "Which symbol? Add --symbol BTCUSDT.", help);
  const { from, to } = context.range();
  if (from === undefined) {
    throw new UsageError("missing-range", "Which days? Add --date 2025-01-01, or --from 2025-01-01.", help);
  }
  return readWish({
    topic: context.args[0] as Topic,
    symbol,
    interval: context.text("interval"),
    period: context.text("period"),
    venue: context.text("venue"),
    from,
    to,
    force: context.flag("force"),
  });
}

export async function run(context: Context): Promise<number> {
  return work(context, { wishes: [wishOf(context)], load: null }, context.flag("dry-run"));
}
