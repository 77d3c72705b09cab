import { UsageError } from "../../core/errors.ts";
import type { Wish } from "../../pipeline/wish.ts";
import type { Context } from "../context.ts";
import { work } from "../work.ts";

/** `run`, and `plan`, which is `run --dry-run`. */
export async function run(context: Context): Promise<number> {
  const { config, file } = context.settings;
  if (config.series.length === 0) {
    throw new UsageError(
      "no-series",
      file ? `${file} names no series.` : "There is no candlelake.config.json here, and so no series to run.",
      file ? "candlelake config" : "candlelake init",
    );
  }
  const wishes: Wish[] = config.series.map((series) => ({
    topic: series.market,
    venue: series.venue,
    symbol: series.symbol,
    interval: series.interval,
    period: series.period,
    from: series.from,
    to: undefined,
    force: false,
    choice: series.source,
  }));
  const dryRun = context.line.command === "plan" || context.flag("dry-run");
  const verifyArchives = context.flag("verify-archives");
  return work(context, { wishes, load: { topic: undefined, range: undefined }, verifyArchives }, dryRun);
}
