// Holes of funding that are none: the interval grows with the month, or an event is stamped before it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { linesOf, UM } from "../fakes/archive-files.ts";
import { at, gapsByDay, place, twin } from "../fakes/archive-scene.ts";
import { changed } from "../fakes/changed-file.ts";
import { wish } from "../fakes/lab.ts";
import { type Instead, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

describe("a hole at the edge of a month of funding", () => {
  const key = (month: string) => `${UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-${month}.zip`;
  const APRIL = at("2026-04-01");
  const asked = (rest: Partial<Wish> = {}) => wish("funding", at("2026-03-27"), at("2026-04-04"), rest);
  const timeOf = (line: string): number => Number(line.split(",")[0]);
  const stating = (line: string, hours: number): string => line.replace(/,\d+,/, `,${hours},`);
  /** REST with other events. */
  const over = (url: string, change: (events: { fundingTime: number }[]) => { fundingTime: number }[]) => {
    const { status, body } = twin.handle(url);
    return { status, body: JSON.stringify(change(JSON.parse(Buffer.from(body).toString()))) };
  };

  /** Gaps of all days in the end: where REST is asked at once, and where the archive alone was before. */
  async function gapsOf(instead: (url: string) => Instead | undefined): Promise<{ alone: unknown[]; end: unknown[] }> {
    await using host = await startFront(twin, instead);
    await using once = new TwinLab(place(), host.settings);
    const end = gapsByDay((await once.run(asked())).outcomes);
    await using lake = new TwinLab(place(), host.settings);
    const alone = gapsByDay((await lake.run(asked({ choice: "archive" }))).outcomes);
    await using later = new TwinLab(lake.data, host.settings);
    await later.run(asked());
    assert.deepEqual(later.contents(), once.contents());
    assert.deepEqual((await later.run(asked())).outcomes, []);
    return { alone, end };
  }

  test("is none where REST has nothing in it and the interval may have grown behind the file's last event", async () => {
    // The last event is of 16:00 and states four hours; the next one follows after eight.
    const march = await changed(twin, key("2026-03"), (lines) => lines.with(-1, stating(lines.at(-1) ?? "", 4)));
    assert.deepEqual(await gapsOf(march), { alone: [["2026-03-31", "not-fetched", 1]], end: [] });
  });

  test("is filled where REST has the event", async () => {
    const LOST = APRIL - 4 * HOUR;
    const march = await changed(twin, key("2026-03"), (lines) => lines.with(-1, stating(lines.at(-1) ?? "", 4)));
    const answer = (url: string) =>
      over(url, (events) => {
        const next = events.findIndex(({ fundingTime }) => fundingTime > LOST);
        const lost = { ...(events[next] as { fundingTime: number }), fundingTime: LOST };
        return next >= 0 && Number(/startTime=(\d+)/.exec(url)?.[1]) <= LOST ? events.toSpliced(next, 0, lost) : events;
      });
    await using host = await startFront(twin, (url) => (url.includes("/fundingRate?") ? answer(url) : march(url)));
    await using lake = new TwinLab(place(), host.settings);
    assert.deepEqual(gapsByDay((await lake.run(asked())).outcomes), []);
    const rows = await lake.queryLake(
      `SELECT epoch_ms(funding_time) AS time FROM funding_rates WHERE funding_time = make_timestamp(${LOST * 1000})`,
    );
    assert.equal(rows.length, 1);
  });

  const isLost = (time: number): boolean => time > APRIL - 10 * HOUR && time < APRIL;
  for (const [hours, bars] of [
    [4, 3],
    [8, 1],
  ] as const) {
    test(`stays where it is longer than any interval, the file stating ${hours} hours`, async () => {
      const march = await changed(twin, key("2026-03"), (lines) => {
        const left = lines.filter((line) => !isLost(timeOf(line)));
        return left.with(-1, stating(left.at(-1) ?? "", hours));
      });
      const { end } = await gapsOf((url) =>
        url.includes("/fundingRate?")
          ? over(url, (events) => events.filter(({ fundingTime }) => !isLost(fundingTime)))
          : march(url),
      );
      assert.deepEqual(end, [["2026-03-31", "unknown", bars]]);
    });
  }

  for (const [what, isThere] of [
    ["is none where the event was stamped just before the month, and is the last one of the file before", true],
    ["stays where nobody has the month's first event", false],
  ] as const) {
    test(what, async () => {
      const isFirst = (time: number): boolean => time >= APRIL && time < APRIL + HOUR;
      const early = (line: string): string => line.replace(/^\d+/, String(APRIL - 2));
      const first = (await linesOf(twin, key("2026-04"))).find((line) => isFirst(timeOf(line))) ?? "";
      const march = await changed(twin, key("2026-03"), (lines) => (isThere ? [...lines, early(first)] : lines));
      const april = await changed(twin, key("2026-04"), (lines) => lines.filter((line) => !isFirst(timeOf(line))));
      const answer = (url: string) => {
        const from = Number(/startTime=(\d+)/.exec(url)?.[1]);
        return over(url, (events) =>
          events.flatMap((event) => {
            if (!isFirst(event.fundingTime)) return [event];
            return isThere && from <= APRIL - 2 ? [{ ...event, fundingTime: APRIL - 2 }] : [];
          }),
        );
      };
      const { alone, end } = await gapsOf((url) =>
        url.includes("/fundingRate?") ? answer(url) : (march(url) ?? april(url)),
      );
      assert.deepEqual(alone, [["2026-04-01", "not-fetched", 1]]);
      assert.deepEqual(end, isThere ? [] : [["2026-04-01", "unknown", 1]]);
    });
  }
});
