// Holes over several days: REST is asked for the stretch, and each day gets its own.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DAY, dayOf } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { linesOf, SPOT, sumOf } from "../fakes/archive-files.ts";
import { place, twin } from "../fakes/archive-scene.ts";
import { wish } from "../fakes/lab.ts";
import { type Instead, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";
import { zipOf } from "../fakes/zip.ts";

const [FROM, TO] = [Date.UTC(2025, 1, 1), Date.UTC(2025, 2, 1)];
/** Ten days of February are in no file. */
const HOLE = { from: Date.UTC(2025, 1, 10), to: Date.UTC(2025, 1, 20) };
/** The most rows that REST answers a request with. */
const LIMIT = 1000;

const isInHole = (line: string): boolean => {
  const time = Number(line.split(",")[0]) / 1000;
  return time >= HOLE.from && time < HOLE.to;
};

/** The month's file without the days of the hole. */
async function holed(interval: string): Promise<(url: string) => Instead | undefined> {
  const name = `BTCUSDT-${interval}-2025-02.zip`;
  const lines = await linesOf(twin, `${SPOT}/${interval}/${name}`);
  const rest = lines.filter((line) => !isInHole(line)).map((line) => `${line}\n`);
  const zip = zipOf([{ name: name.replace("zip", "csv"), data: rest.join("") }]);
  return (url) => {
    if (/BTCUSDT-\d\w-2025-02-\d\d/.test(url)) return NOT_THERE;
    if (!url.includes(name)) return undefined;
    return { status: 200, body: url.endsWith(".CHECKSUM") ? `${sumOf(zip)}  ${name}` : zip };
  };
}

const files = { "1h": await holed("1h"), "1m": await holed("1m") };

const february = (interval: "1h" | "1m", rest: Partial<Wish> = {}) =>
  wish("spot", FROM, TO, { venue: "binance", interval, ...rest });

/** The time from which candles are asked for, but for what tells where the series begins. */
function asked(url: string): number | undefined {
  const from = Number(/\/klines\?.*startTime=(\d+)/.exec(url)?.[1]);
  return from > 0 ? from : undefined;
}

/** A front whose files have the hole; `questions` counts the requests for candles. */
async function front(interval: "1h" | "1m", instead: (from: number) => Instead | undefined = () => undefined) {
  const questions: number[] = [];
  const { settings, ...rest } = await startFront(twin, (url) => {
    const from = asked(url);
    if (from === undefined) return files[interval](url);
    questions.push(from);
    return instead(from);
  });
  return { settings, questions, ...rest };
}

for (const [interval, rows] of [
  ["1h", 240],
  ["1m", 14_400],
] as const) {
  describe(`ten days of ${interval} that no file has`, () => {
    test("take no more requests than their rows need, and each is a partition of its own", async () => {
      await using host = await front(interval);
      await using lake = new TwinLab(place(), host.settings);
      const { outcomes } = await lake.run(february(interval));
      assert.ok(outcomes.length === 28 && outcomes.every(({ status, gaps }) => status === "done" && gaps.length === 0));
      assert.equal(host.questions.length, Math.ceil(rows / (LIMIT - 1)));
      await using whole = new TwinLab(place(), twin.settings);
      await whole.run(february(interval));
      const contents = (lab: TwinLab) =>
        Object.entries(lab.manifest(`spot_klines/synthetic_btcusdt_spot_${interval}_2025-02.json`).partitions).map(
          ([day, entry]) => [day, entry.content, entry.rows],
        );
      assert.deepEqual(contents(lake), contents(whole));
    });

    test("take as few where they are filled later, and end alike", async () => {
      await using host = await front(interval);
      await using lake = new TwinLab(place(), host.settings);
      await lake.run(february(interval, { choice: "archive" }));
      const { outcomes } = await lake.run(february(interval));
      assert.ok(outcomes.length === 10 && outcomes.every(({ status }) => status === "done"));
      assert.equal(host.questions.length, Math.ceil(rows / (LIMIT - 1)));
      await using once = new TwinLab(place(), host.settings);
      await once.run(february(interval));
      assert.deepEqual(lake.contents(), once.contents());
    });
  });
}

test("any split of the stretch leaves what one run leaves", async () => {
  await using host = await front("1m");
  const contents = [];
  for (const cuts of [[], [13], [10, 11, 20], [19, 25]]) {
    await using lake = new TwinLab(place(), host.settings);
    const edges = [1, ...cuts, 29].map((day) => FROM + (day - 1) * DAY);
    for (const [i, to] of edges.slice(1).entries()) {
      const { fatal } = await lake.run(february("1m", { from: edges[i] ?? FROM, to }));
      assert.equal(fatal, undefined);
    }
    contents.push(lake.contents());
  }
  for (const other of contents.slice(1)) assert.deepEqual(other, contents[0]);
});

for (const choice of ["auto", "archive"] as const) {
  test(`a day that REST refuses in the middle keeps no other one out (${choice} first)`, async () => {
    const refused = Date.UTC(2025, 1, 13);
    await using host = await front("1m", (from) =>
      from >= refused && from < refused + DAY ? { status: 500, body: "" } : undefined,
    );
    await using lake = new TwinLab(place(), host.settings);
    if (choice === "archive") await lake.run(february("1m", { choice }));
    const { outcomes } = await lake.run(february("1m"));
    const lost = outcomes.filter(({ status }) => status !== "done");
    assert.deepEqual(
      lost.map(({ step, status, error }) => [step.action === "fetch" && step.day, status, error?.code]),
      lost.map((_, i) => [dayOf(refused - (lost.length - 1 - i) * DAY), "deferred", "server-error"]),
    );
    assert.ok(lost.length > 0 && lost.length <= 2);

    await using mended = await front("1m");
    await using later = new TwinLab(lake.data, mended.settings);
    assert.equal((await later.run(february("1m"))).outcomes.length, lost.length);
    await using once = new TwinLab(place(), mended.settings);
    await once.run(february("1m"));
    assert.deepEqual(later.contents(), once.contents());
  });
}
