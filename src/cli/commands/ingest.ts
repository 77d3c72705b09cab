import { UsageError } from "../../core/errors.ts";
import { readWish, type Topic, type Wish } from "../../pipeline/wish.ts";
import type { Context } from "../context.ts";
import { work } from "../work.ts";

/** Options that mean nothing for a topic; what is in force instead is said, lest somebody wait for it in vain. */
const IDLE: Readonly<Record<Topic, Readonly<Record<string, string>>>> = {
  spot: { period: "spot has no open interest" },
  futures: {},
  funding: { interval: "funding has the venue's own times", period: "funding has the venue's own times" },
  "open-interest": { interval: "its values have a --period" },
};

function wishOf(context: Context): Wish {
  const topic = context.args[0] as Topic;
  const help = "candlelake ingest --help";
  const symbol = context.text("symbol");
  if (symbol === undefined) throw new UsageError("missing-symbol", "Which symbol? Add --symbol BTCUSDT.", help);
  const { from, to } = context.range();
  if (from === undefined) {
    throw new UsageError("missing-range", "Which days? Add --date 2025-01-01, or --from 2025-01-01.", help);
  }
  for (const [option, why] of Object.entries(IDLE[topic])) {
    if (context.flag(option)) context.say(`--${option} means nothing for ${topic}: ${why}.`);
  }
  return readWish({
    topic,
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
