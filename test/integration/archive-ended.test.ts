// Series that ended within their last file: whoever is asked first, nothing behind the end stays open.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { HOUR } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { nameOf, sumOf } from "../fakes/archive-files.ts";
import { at, place, twin } from "../fakes/archive-scene.ts";
import { changed } from "../fakes/changed-file.ts";
import { wish } from "../fakes/lab.ts";
import { type Front, type Instead, NO_SUCH_SYMBOL, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const google = await startGoogleTwin();
after(() => google.close());

/** The last row that there is. */
const END = at("2026-05-20") + 10 * HOUR;
const FUNDING_END = at("2026-05-20") + 8 * HOUR;

const SERIES = [
  {
    topic: "spot",
    last: "data/spot/monthly/klines/LTCUSDT/1h/LTCUSDT-1h-2026-05.zip",
    isThere: (line: string) => Number(line.split(",")[0]) <= END * 1000,
    later: /LTCUSDT-1h-2026-0(?:5-|[6-8])/,
  },
  {
    topic: "funding",
    last: "data/futures/um/monthly/fundingRate/LTCUSDT/LTCUSDT-fundingRate-2026-05.zip",
    isThere: (line: string) => Number(line.split(",")[0]) < FUNDING_END + HOUR,
    later: /LTCUSDT-fundingRate-2026-0[6-8]/,
  },
  {
    topic: "open-interest",
    last: "data/futures/um/daily/metrics/LTCUSDT/LTCUSDT-metrics-2026-05-20.zip",
    isThere: (line: string) => line < "2026-05-20 10:01",
    later: /LTCUSDT-metrics-2026-0(?:5-2[1-9]|5-3|[6-8])/,
  },
] as const;

/** Ways of REST: it knows the symbol no more, or refuses the place. */
const GONE = NO_SUCH_SYMBOL;
const BLOCKED: Instead = { status: 451, body: '{"code":0,"msg":"Service unavailable from a restricted location"}' };
const isRest = (url: string): boolean => !url.startsWith("/binance-archive");
const asks = /(?:[kK]lines|fundingRate|openInterestHist)\?/;

for (const { topic, last, isThere, later } of SERIES) {
  describe(`${topic} that ended within the last file`, () => {
    const file = changed(twin, last, (lines) => lines.filter(isThere));
    const front = async (isBlocked: boolean): Promise<Front> => {
      const instead = await file;
      return startFront(twin, (url) => {
        if (isRest(url)) return isBlocked ? BLOCKED : asks.test(url) ? GONE : undefined;
        return later.test(url) ? NOT_THERE : instead(url);
      });
    };
    const ltc = (from: string, to?: string, rest: Partial<Wish> = {}) =>
      wish(topic, at(from), to === undefined ? undefined : at(to), {
        venue: "binance",
        symbol: "LTCUSDT",
        period: "5m",
        ...rest,
      });
    const whole = ltc("2026-03-25");
    const alone = { ...whole, choice: "archive" as const };

    /** What is there after the runs, each of them in a time of its own. */
    async function lakeOf(
      ...ways: readonly (Wish | { readonly blocked: Wish } | { readonly traded: Wish })[]
    ): Promise<Record<string, string | string[]>> {
      await using open = await front(false);
      await using shut = await front(true);
      const data = place();
      for (const way of ways) {
        const { settings } = "blocked" in way ? shut : "traded" in way ? twin : open;
        await using lake = new TwinLab(data, settings);
        await lake.run("blocked" in way ? way.blocked : "traded" in way ? way.traded : way);
      }
      await using lake = new TwinLab(data, open.settings);
      assert.deepEqual((await lake.run(whole)).outcomes, [], "nothing is left to do");
      // Objects as their hashes, so that a difference can be read.
      const files = Object.entries(lake.contents());
      return Object.fromEntries(
        files.map(([key, text]) => [key, key.endsWith(".json") ? text.split("\n") : sumOf(Buffer.from(text))]),
      );
    }

    for (const [what, ways] of [
      ["the archive alone", [alone, whole]],
      ["REST refused", [{ blocked: whole }, whole]],
      ["the archive alone in parts", [ltc("2026-05-25", "2026-06-01", { choice: "archive" }), alone, whole]],
      [
        "days behind the end alone",
        [ltc("2026-05-22", "2026-05-28", { choice: "archive" }), ltc("2026-03-25", "2026-05-10"), whole],
      ],
      ["the end known, then the archive alone", [ltc("2026-03-25", "2026-04-10"), alone, whole]],
      ["the archive alone, and its last month again", [alone, ltc("2026-05-25"), whole]],
    ] as const) {
      test(`is in the end as if REST had been asked at once: ${what}`, async () => {
        assert.deepEqual(await lakeOf(...ways), await lakeOf(whole));
      });
    }

    test("is so, too, where its beginning is known and a run sees no more than its last day", async () => {
      const traded = { traded: ltc("2026-03-25", "2026-04-10") };
      const once = await lakeOf(traded, whole);
      assert.deepEqual(await lakeOf(traded, alone, ltc("2026-03-25", "2026-05-21"), whole), once);
      assert.deepEqual(await lakeOf(traded, ltc("2026-04-25"), whole), once);
    });

    test("has no day behind its end in a bucket either, nor on another machine", async () => {
      await using open = await front(false);
      const bucket = { CANDLELAKE_BUCKET: "demo-bucket", CANDLELAKE_STORAGE_ENDPOINT: google.url };
      const settings = { ...open.settings, ...bucket };
      const data = place();
      for (const way of [alone, whole]) {
        await using lake = new TwinLab(data, settings);
        assert.equal((await lake.run(way)).fatal, undefined);
      }
      await using other = new TwinLab(place(), settings);
      assert.deepEqual((await other.run(whole)).outcomes, []);
      const [status] = await other.engine.status();
      assert.deepEqual([status?.partitions, status?.uploaded, status?.to], [57, 57, at("2026-05-21")]);
      assert.ok(status?.gaps.every((gap) => gap.class === "unknown"));
    });

    test("has no day behind its end", async () => {
      const contents = await lakeOf(alone, ltc("2026-05-25"), whole);
      const days = Object.values(contents).flatMap((lines) =>
        typeof lines === "string" ? [] : Object.keys(JSON.parse(lines.join("")).partitions),
      );
      assert.equal(days.sort().at(-1), "2026-05-20");
      assert.ok(!JSON.stringify(contents).includes("not-fetched"), nameOf(last));
    });
  });
}

describe("the end of a gone symbol whose last file cannot be taken", () => {
  const [{ last, isThere, later }] = SERIES;
  const name = nameOf(last);
  const mended = changed(twin, last, (lines) => lines.filter(isThere));
  const garbled = changed(twin, last, (lines) => lines.map((line) => line.replaceAll(",", ";")));
  const ltc = (from: string, to: string, rest: Partial<Wish> = {}) =>
    wish("spot", at(from), at(to), { venue: "binance", symbol: "LTCUSDT", ...rest });
  const whole = ltc("2026-03-25", "2026-06-01");
  const TOLD = "2026-05-20T10:00:00.000Z";

  /** Ends that manifests tell. */
  const endsOf = (lake: TwinLab): unknown[] => [
    ...new Set(
      Object.entries(lake.contents()).flatMap(([key, text]) =>
        key.startsWith("_manifests/") ? [JSON.parse(text).ended] : [],
      ),
    ),
  ];

  const flaws: Readonly<Record<string, () => Promise<(url: string) => Instead | undefined>>> = {
    "another file's checksum": async () => (url) =>
      url.endsWith(`${name}.CHECKSUM`) ? { status: 200, body: `${"0".repeat(64)}  ${name}` } : undefined,
    "a form that is not known": () => garbled,
  };
  const front = async (flaw?: (url: string) => Instead | undefined): Promise<Front> => {
    const right = await mended;
    return startFront(twin, (url) => {
      if (isRest(url)) return asks.test(url) ? GONE : undefined;
      return later.test(url) ? NOT_THERE : (flaw?.(url) ?? right(url));
    });
  };

  for (const [what, flaw] of Object.entries(flaws)) {
    test(`is not made up, and all manifests tell it once the file is mended: ${what}`, async () => {
      await using bad = await front(await flaw());
      await using good = await front();
      await using fresh = new TwinLab(place(), good.settings);
      await fresh.run(whole);
      assert.deepEqual(endsOf(fresh), [TOLD]);
      for (const again of [[whole], [ltc("2026-05-01", "2026-06-01"), whole]]) {
        await using lake = new TwinLab(place(), bad.settings);
        const { outcomes } = await lake.run(whole);
        const failed = outcomes.filter(({ status }) => status === "failed");
        assert.equal(failed.length, 31);
        assert.ok(failed.every(({ error }) => error?.message.includes(name)));
        assert.deepEqual(endsOf(lake), [undefined]);
        await using after = new TwinLab(lake.data, good.settings);
        for (const one of again) await after.run(one);
        assert.deepEqual(after.contents(), fresh.contents());
      }
    });

    test(`stays as it was read before the file was a bad one: ${what}`, async () => {
      await using bad = await front(await flaw());
      await using good = await front();
      await using lake = new TwinLab(place(), good.settings);
      await lake.run(whole);
      await using forced = new TwinLab(lake.data, bad.settings);
      await forced.run({ ...whole, force: true });
      assert.deepEqual(endsOf(forced), [TOLD]);
    });
  }

  test("is told no more where the venue knows the symbol again", async () => {
    await using good = await front();
    await using lake = new TwinLab(place(), good.settings);
    await lake.run(whole);
    await using traded = new TwinLab(lake.data, twin.settings);
    await traded.run({ ...ltc("2026-05-01", "2026-05-02"), force: true });
    assert.deepEqual(endsOf(traded), [undefined]);
  });
});
