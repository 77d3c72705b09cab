import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCommandLine } from "../../src/cli/options.ts";
import { SPECS } from "../../src/cli/specs.ts";
import { type Dates, fetchCommand, inputFlags, refetchCommand } from "../../src/core/ingest-command.ts";
import { seriesLabel } from "../../src/core/series.ts";
import { funding, futures, metrics, openInterest, spot } from "../fakes/series.ts";

/** A command as the command line reads it. */
function typed(command: string) {
  const words = command.split(" ");
  assert.equal(words.shift(), "candlelake");
  const line = parseCommandLine(words, SPECS);
  assert.equal(line.command, "ingest");
  return line.options;
}

for (const of of [
  spot("1h"),
  spot("1m", "ETHUSDT", "binance"),
  futures("1h"),
  metrics("1d"),
  funding(),
  openInterest("15m"),
]) {
  for (const venue of [of.venue, "synthetic"] as const) {
    describe(`${seriesLabel({ ...of, venue })} (${of.kind})`, () => {
      const series = { ...of, venue };
      for (const [dates, wanted] of [
        ["2025-02-03", { date: "2025-02-03" }],
        ["2025-02", { date: "2025-02" }],
        [["2025-02-03", "2025-02-28"], { from: "2025-02-03", to: "2025-03-01" }],
      ] as const satisfies readonly (readonly [Dates, object])[]) {
        test(`${JSON.stringify(wanted)}: the command can be typed, and asks for that`, () => {
          const options = typed(fetchCommand(series, dates));
          for (const [name, value] of Object.entries(wanted)) assert.equal(options.get(name), value);
          assert.equal(options.get("symbol"), of.symbol);
          assert.equal(options.has("synthetic"), venue === "synthetic");
          assert.equal(options.has("force"), false);
          const again = typed(refetchCommand(series, dates));
          assert.deepEqual(again, new Map([...options, ["force", again.get("force")]]));
          assert.ok(again.has("force"));
          assert.deepEqual(
            typed(fetchCommand(series, dates, " --force --source rest")),
            new Map([...again, ["source", "rest"]]),
          );
        });
      }
    });
  }
}

test("a derived day is made again of the open interest that it was made of", () => {
  const inputs = (period: string) => ({
    inputs: { "futures_klines/1h/2025-02-03": "", [`open_interest/${period}/2025-02-03`]: "" },
  });
  const options = typed(refetchCommand(metrics("1d"), "2025-02-03", inputFlags(inputs("1h"))));
  assert.deepEqual([options.get("period"), options.has("force")], ["1h", true]);
  assert.equal(inputFlags(inputs("5m")), "");
  assert.equal(inputFlags({ inputs: null }), "");
});
