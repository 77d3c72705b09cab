import { UsageError } from "../../core/errors.ts";
import { parseInterval, parsePeriod } from "../../core/interval.ts";
import { parseSymbol, parseVenue } from "../../core/series.ts";
import type { Topic, Wish } from "../../pipeline/goal.ts";
import type { Context } from "../context.ts";
import { work } from "../work.ts";

function wishOf(context: Context): Wish {
  const topic = context.args[0] as Topic;
  const help = "candlelake ingest --help";
  const symbol = context.text("symbol");
  if (symbol === undefined) throw new UsageError("missing-symbol", "Which symbol? Add --symbol BTCUSDT.", help);
  const venue = parseVenue(context.text("venue") ?? (topic === "spot" ? "binance-us" : "binance")) as Wish["venue"];
  if (topic !== "spot" && venue === "binance-us") {
    throw new UsageError("bad-venue", "binance-us has no futures, funding or open interest. Leave out --venue.", help);
  }
  const { from, to } = context.range();
  if (from === undefined)
    throw new UsageError("missing-range", "Which days? Add --date 2025-01-01, or --from 2025-01-01.", help);
  return {
    topic,
    venue,
    symbol: parseSymbol(symbol),
    interval: parseInterval(context.text("interval") ?? "1h"),
    period: parsePeriod(context.text("period") ?? "5m"),
    from,
    to,
    force: context.flag("force"),
  };
}

export async function run(context: Context): Promise<number> {
  return work(context, { wishes: [wishOf(context)], load: null }, context.flag("dry-run"));
}
