// What files of funding and metrics lack or have too much of: found by their own rows, and never a value of the future.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, MINUTE } from "../../src/core/time.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { UM } from "../fakes/archive-files.ts";
import { at, gapsByDay, place, twin } from "../fakes/archive-scene.ts";
import { changed } from "../fakes/changed-file.ts";
import { wish } from "../fakes/lab.ts";
import { type Instead, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

describe("a month of funding that lacks events", () => {
  const KEY = `${UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-03.zip`;
  /** Hours of the month: one event within a day, ten days, and the end of the month. */
  const HOLES = [
    [8, 16],
    [16 + 24 * 9, 16 + 24 * 19],
    [24 * 30, 24 * 31],
  ] as const;
  const GAPS = [
    ["2026-03-01", 1],
    ["2026-03-10", 1],
    ...[11, 12, 13, 14, 15, 16, 17, 18, 19].map((day) => [`2026-03-${day}`, 3]),
    ["2026-03-20", 2],
    ["2026-03-31", 3],
  ];
  const gapsOf = (kind: string) => GAPS.map(([day, bars]) => [day, kind, bars]);
  const isLost = (time: number): boolean =>
    HOLES.some(([from, to]) => time >= at("2026-03-01") + from * HOUR && time < at("2026-03-01") + to * HOUR);
  const march = (rest: Partial<Wish> = {}) => wish("funding", at("2026-02-27"), at("2026-04-03"), rest);
  const file = changed(twin, KEY, (lines) => lines.filter((line) => !isLost(Number(line.split(",")[0]))));
  const ROWS = "SELECT * EXCLUDE (source, mark_price) FROM funding_rates ORDER BY funding_time";

  /** A front before REST and the file; `asked` has the times from which REST was asked within the month. */
  async function front(answer: (url: string) => Instead | undefined = () => undefined) {
    const asked: number[] = [];
    const instead = await file;
    const { settings, ...rest } = await startFront(twin, (url) => {
      const from = Number(/\/fundingRate\?.*startTime=(\d+)/.exec(url)?.[1]);
      if (!(from > 0)) return instead(url);
      if (from < at("2026-03-31")) asked.push(from);
      return answer(url);
    });
    return { settings, asked, ...rest };
  }

  test("has them from REST, and is then as REST alone has it", async () => {
    await using host = await front();
    await using lake = new TwinLab(place(), host.settings);
    const { outcomes } = await lake.run(march());
    assert.ok(outcomes.every(({ status }) => status === "done"));
    assert.deepEqual(gapsByDay(outcomes), []);
    assert.ok(host.asked.length <= 6, "a stretch is asked for at once, however many days it has");
    await using rest = new TwinLab(place(), twin.settings);
    await rest.run(march({ choice: "rest" }));
    assert.deepEqual(await lake.queryLake(ROWS), await rest.queryLake(ROWS));
    assert.deepEqual((await lake.run(march())).outcomes, []);
  });

  test("has gaps where REST is not asked, and REST fills them with the same bytes later", async () => {
    await using host = await front();
    await using lake = new TwinLab(place(), host.settings);
    const alone = await lake.run(march({ choice: "archive" }));
    assert.deepEqual(gapsByDay(alone.outcomes), gapsOf("not-fetched"));
    assert.deepEqual(host.asked, []);
    // What the event before was, and not how long nothing is known.
    const hours = await lake.queryLake("SELECT DISTINCT interval_hours AS hours FROM funding_rates");
    assert.deepEqual(hours, [{ hours: 8 }]);
    const filled = await lake.run(march());
    assert.deepEqual(gapsByDay(filled.outcomes), []);
    await using once = new TwinLab(place(), host.settings);
    await once.run(march());
    assert.deepEqual(lake.contents(), once.contents());
  });

  test("waits for REST where that is blocked, and is then the same", async () => {
    const blocked = { status: 451, body: '{"code":0,"msg":"Service unavailable from a restricted location"}' };
    await using host = await front(() => blocked);
    const data = place();
    {
      await using lake = new TwinLab(data, host.settings);
      const { outcomes } = await lake.run(march());
      assert.deepEqual(gapsByDay(outcomes), gapsOf("not-fetched"));
    }
    await using open = await front();
    await using lake = new TwinLab(data, open.settings);
    await lake.run(march());
    await using once = new TwinLab(place(), open.settings);
    await once.run(march());
    assert.deepEqual(lake.contents(), once.contents());
  });

  test("keeps the gaps that REST cannot fill, and asks no more", async () => {
    await using host = await front((url) => {
      const { status, body } = twin.handle(url);
      const events: { fundingTime: number }[] = JSON.parse(Buffer.from(body).toString());
      return { status, body: JSON.stringify(events.filter(({ fundingTime }) => !isLost(fundingTime))) };
    });
    await using lake = new TwinLab(place(), host.settings);
    const { outcomes } = await lake.run(march());
    assert.deepEqual(gapsByDay(outcomes), gapsOf("unknown"));
    assert.deepEqual((await lake.run(march())).outcomes, []);
    const { partitions } = lake.manifest("funding_rates/synthetic_btcusdt_um_funding_2026-03.json");
    assert.deepEqual(partitions["2026-03-01"]?.gaps, [
      { from: "2026-03-01T08:00:00.000Z", to: "2026-03-01T16:00:00.000Z", class: "unknown", bars: 1 },
    ]);
  });

  test("is the same however the range is cut", async () => {
    await using host = await front();
    const parts = [
      wish("funding", at("2026-03-12"), at("2026-03-15")),
      wish("funding", at("2026-03-15"), at("2026-04-03")),
      wish("funding", at("2026-02-27"), at("2026-03-12")),
    ];
    const contents = [];
    for (const way of [[march()], parts, parts.toReversed()]) {
      await using lake = new TwinLab(place(), host.settings);
      for (const part of way) assert.ok((await lake.run(part)).outcomes.every(({ status }) => status === "done"));
      contents.push(lake.contents());
    }
    for (const other of contents.slice(1)) assert.deepEqual(other, contents[0]);
  });
});

test("the symbol's first event has no interval, from the archive either", async () => {
  const listed = at("2026-03-05") + 16 * HOUR;
  const key = `${UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-03.zip`;
  const file = await changed(twin, key, (lines) => lines.filter((line) => Number(line.split(",")[0]) >= listed));
  await using host = await startFront(twin, (url) => {
    if (!url.includes("/fundingRate?")) return file(url);
    const { status, body } = twin.handle(
      url.replace(/startTime=(\d+)/, (_, from) => `startTime=${Math.max(from, listed)}`),
    );
    return { status, body };
  });
  await using lake = new TwinLab(place(), host.settings);
  const { outcomes } = await lake.run(wish("funding", at("2026-03-01"), at("2026-03-08")));
  assert.deepEqual(gapsByDay(outcomes), []);
  const rows = await lake.queryLake("SELECT interval_hours AS hours, source FROM funding_rates ORDER BY funding_time");
  assert.deepEqual(rows.slice(0, 2), [
    { hours: null, source: "synthetic" },
    { hours: 8, source: "synthetic" },
  ]);
});

describe("a day of metrics with a midnight too many", () => {
  const PERIOD = 5 * MINUTE;
  const key = (day: string) => `${UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-${day}.zip`;
  const ROWS = "SELECT time, open_interest, open_interest_value FROM open_interest ORDER BY time";
  const asked = wish("open-interest", at("2026-07-01"), at("2026-07-04"), { period: "5m", choice: "archive" });
  const label = "2026-07-03 00:00:00";

  for (const [what, change] of [
    ["of another symbol", (line: string) => line.replace(/^[^,]+,BTC/, `${label},ETH`)],
    ["of its own", (line: string) => line.replace(/^[^,]+/, label)],
  ] as const) {
    test(`${what} has every value at its time`, async () => {
      const file = await changed(twin, key("2026-07-02"), (lines) => [...lines, change(lines[7] ?? "")]);
      await using host = await startFront(twin, file);
      await using lake = new TwinLab(place(), host.settings);
      await using whole = new TwinLab(place(), twin.settings);
      const { outcomes } = await lake.run(asked);
      await whole.run(asked);
      assert.deepEqual(await lake.queryLake(ROWS), await whole.queryLake(ROWS));
      assert.deepEqual(
        outcomes.map(({ quarantined }) => quarantined),
        [0, 1, 0],
      );
      const { archives } = lake.manifest("open_interest/synthetic_btcusdt_um_oi_5m_2026-07.json");
      assert.deepEqual(
        Object.values(archives ?? {}).map(({ labels }) => labels),
        ["begin", "begin", what === "of its own" ? "unclear" : "begin", "begin"],
      );
    });
  }

  test("neither, but a hole at its end: its labels mean what those of its time do", async () => {
    const file = await changed(twin, key("2026-03-10"), (lines) => lines.slice(0, -2));
    await using host = await startFront(twin, file);
    await using lake = new TwinLab(place(), host.settings);
    await using whole = new TwinLab(place(), twin.settings);
    const march = { ...asked, from: at("2026-03-09"), to: at("2026-03-13") };
    const { outcomes } = await lake.run(march);
    await whole.run(march);
    const lost = [at("2026-03-11") - PERIOD, at("2026-03-11")];
    assert.deepEqual(gapsByDay(outcomes), [
      ["2026-03-10", "not-fetched", 1],
      ["2026-03-11", "not-fetched", 1],
    ]);
    const rows = await whole.queryLake(ROWS);
    assert.deepEqual(
      await lake.queryLake(ROWS),
      rows.filter(({ time }) => !lost.includes(Date.parse(String(time)))),
    );
  });
});

test("zeros of metrics are values that nobody knows: of open interest itself a gap, of its value NULL, of others nothing", async () => {
  const PERIOD = 5 * MINUTE;
  const zero = (line: string, ...fields: readonly number[]) =>
    fields.reduce((parts, field) => parts.with(field, "0E-8"), line.split(",")).join(",");
  const file = await changed(twin, `${UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2026-03-10.zip`, (lines) =>
    lines.map((line, i) => {
      if (i === 10) return zero(line, 4, 5, 6, 7);
      if (i === 20) return zero(line, 3);
      return i === 30 || i === 31 ? zero(line, 2, ...(i === 31 ? [3] : [])) : line;
    }),
  );
  await using host = await startFront(twin, file);
  await using lake = new TwinLab(place(), host.settings);
  await using whole = new TwinLab(place(), twin.settings);
  const day = wish("open-interest", at("2026-03-10"), at("2026-03-11"), { period: "5m", choice: "archive" });
  const { outcomes } = await lake.run(day);
  await whole.run(day);
  assert.deepEqual(
    outcomes.map(({ status, rows, quarantined }) => [status, rows, quarantined]),
    [["done", 286, 2]],
  );
  assert.deepEqual(gapsByDay(outcomes), [["2026-03-10", "quarantined", 2]]);
  const rows = await whole.queryLake(
    "SELECT time, open_interest, open_interest_value FROM open_interest ORDER BY time",
  );
  const isAt = (time: unknown, line: number) => Date.parse(String(time)) === at("2026-03-10") + (line + 1) * PERIOD;
  assert.deepEqual(
    await lake.queryLake("SELECT time, open_interest, open_interest_value FROM open_interest ORDER BY time"),
    rows
      .filter(({ time }) => !isAt(time, 30) && !isAt(time, 31))
      .map((row) => (isAt(row["time"], 20) ? { ...row, open_interest_value: null } : row)),
  );
  const [entry] = Object.values(lake.manifest("open_interest/synthetic_btcusdt_um_oi_5m_2026-03.json").partitions);
  assert.deepEqual(
    entry?.notes.filter(({ kind }) => kind === "zero-value"),
    [{ kind: "zero-value", count: 1 }],
  );
});
