import * as assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { HOUR } from "../../src/core/time.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { startTwin } from "../../src/twin/start.ts";
import { Cli } from "./process.ts";

const NOW = Date.parse("2025-03-03T05:10:00Z");
const TABLES = 5;

interface Answer {
  readonly receipt: { readonly storageRequests: Readonly<Record<"lists" | "reads" | "writes" | "others", number>> };
}

/** What the page says of one symbol. */
function told(name: string): number {
  const page = readFileSync(new URL("../../docs/running-every-hour.md", import.meta.url), "utf8");
  return Number(new RegExp(`^\\| \`${name}\` \\| ([\\d.,]+) \\|`, "m").exec(page)?.[1]?.replaceAll(",", ""));
}

test("an hour's run with an empty folder asks for what the page on running every hour says", async () => {
  const venues = await startTwin({ now: NOW });
  const google = await startGoogleTwin();
  try {
    using cli = Cli.at({ ...venues.settings, ...google.settings });
    const series = { symbol: "BTCUSDT", interval: "1h", from: "2025-02-01" };
    const config = { series: ["spot", "futures"].map((market) => ({ market, ...series })) };
    writeFileSync(cli.path("candlelake.config.json"), JSON.stringify(config));
    (await cli.run("setup")).exits(0);
    (await cli.run("run")).exits(0);
    /** Class A and class B of a run, by its receipt, which is the stand-in's log. */
    const hour = async (time: number) => {
      venues.setNow(time);
      const before = google.requests.length;
      const { receipt } = await cli.json<Answer>("run", "--data", cli.path(`machine-${time}`));
      const { lists, reads, writes, others } = receipt.storageRequests;
      const log = google.requests.slice(before).filter(({ path }) => path.includes("/storage/v1/"));
      assert.equal(log.length, lists + reads + writes + others);
      assert.equal(log.filter(({ method }) => method === "POST").length, writes);
      return { classA: lists + writes, classB: reads + others };
    };
    const usual = await hour(NOW + HOUR);
    const funded = await hour(NOW + 3 * HOUR);
    const average = (kind: "classA" | "classB") => (7 * usual[kind] + funded[kind]) / 8;
    assert.equal(average("classA"), told("classA"));
    // Two months lie there, and the page speaks of a year, which touches thirteen.
    assert.equal(average("classB") + (13 - 2) * TABLES, told("classB"));
  } finally {
    await venues.close();
    await google.close();
  }
});
