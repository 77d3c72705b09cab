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

/** `BTCUSDT,ETHUSDT`: several of a kind, each once. */
function several(context: Context, option: string): string[] | undefined {
  const words = context.text(option)?.split(",");
  return words && [...new Set(words)];
}

function wishesOf(context: Context): Wish[] {
  const topic = context.args[0] as Topic;
  const help = "candlelake ingest --help";
  const symbols = several(context, "symbol");
  if (symbols === undefined) throw new UsageError("missing-symbol", "Which symbol? Add --symbol BTCUSDT.", help);
  const { from, to } = context.range();
  if (from === undefined) {
    throw new UsageError("missing-range", "Which days? Add --date 2025-01-01, or --from 2025-01-01.", help);
  }
  for (const [option, why] of Object.entries(IDLE[topic])) {
    if (context.flag(option)) context.say(`--${option} means nothing for ${topic}: ${why}.`);
  }
  // What means nothing for a topic must not multiply its wishes.
  const of = (option: string): (string | undefined)[] =>
    (option in IDLE[topic] ? undefined : several(context, option)) ?? [undefined];
  const rest = {
    topic,
    venue: context.text("venue"),
    from,
    to,
    force: context.flag("force"),
    source: context.text("source"),
  };
  return symbols.flatMap((symbol) =>
    of("interval").flatMap((interval) => of("period").map((period) => readWish({ ...rest, symbol, interval, period }))),
  );
}

export async function run(context: Context): Promise<number> {
  const verifyArchives = context.flag("verify-archives");
  if (verifyArchives && context.text("source") === "rest")
    throw new UsageError(
      "bad-source",
      "--verify-archives compares bulk files, which --source rest leaves alone. Leave one of them out.",
      "candlelake ingest --help",
    );
  return work(context, { wishes: wishesOf(context), load: null, verifyArchives }, context.flag("dry-run"));
}
