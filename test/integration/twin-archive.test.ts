import assert from "node:assert/strict";
import { after, test } from "node:test";
import { DAY, HOUR, iso, MINUTE } from "../../src/core/time.ts";
import { FileCache } from "../../src/twin/archive/file-cache.ts";
import { startTwin } from "../../src/twin/start.ts";
import { bytesOf, get, KLINES_HEADER, linesOf, NOW, SPOT, twinWith, UM } from "../fakes/archive-files.ts";

const twin = await startTwin({ now: NOW, limits: false, history: "all" });
after(() => twin.close());

const json = async <T>(path: string): Promise<T> => JSON.parse(await (await fetch(twin.url + path)).text());

/** What REST answers for a range, as lines of a file; `micros` is what a time has more. */
async function klines(path: string, from: number, to: number, step: number, micros = ["", ""]): Promise<string[]> {
  const lines: string[] = [];
  for (let cursor = from; cursor < to; cursor += 1_000 * step) {
    const end = Math.min(to, cursor + 1_000 * step) - 1;
    const rows = await json<(string | number)[][]>(`${path}&startTime=${cursor}&endTime=${end}&limit=1000`);
    for (const row of rows)
      lines.push(
        row
          .with(0, row[0] + micros[0]!)
          .with(6, row[6] + micros[1]!)
          .join(","),
      );
  }
  return lines;
}
const SPOT_REST = "/binance-spot/api/v3/klines?symbol=BTCUSDT";
const UM_REST = "/binance-futures/fapi/v1/klines?symbol=BTCUSDT";

test("settings name the archive and its list; without them there is no list, or nothing", async (context) => {
  const listed = `/binance-archive-list?prefix=data/&delimiter=/`;
  const key = `${SPOT}/1h/BTCUSDT-1h-2024-12.zip`;
  const expected = { listing: [200, 200], files: [200, 404], none: [404, 404] };
  for (const archive of ["listing", "files", "none"] as const) {
    const own = await twinWith(context, { archive });
    const statuses = [own.handle(`/binance-archive/${key}`).status, own.handle(listed).status];
    assert.deepEqual(statuses, expected[archive]);
    assert.equal(own.settings["CANDLELAKE_BINANCE_ARCHIVE"], `${own.url}/binance-archive`);
    const list = archive === "listing" ? `${own.url}/binance-archive-list` : undefined;
    assert.equal(own.settings["CANDLELAKE_BINANCE_ARCHIVE_LIST"], list);
    assert.deepEqual(
      own.requests.map(({ host, path, weight }) => [host, path, weight]),
      [
        ["binance-archive", `/${key}`, 0],
        ["binance-archive-list", "", 0],
      ],
    );
  }
});

test("spot: no header; milliseconds to 2024, microseconds from 2025 on; the numbers of REST", async () => {
  const months = [2024, 11, ["", ""], 2025, 0, ["000", "999"]] as const;
  for (const [year, month, micros] of [months.slice(0, 3), months.slice(3)] as [number, number, string[]][]) {
    const [from, to] = [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
    const span = iso(from).slice(0, 7);
    for (const [interval, step] of [
      ["1m", MINUTE],
      ["4h", 4 * HOUR],
      ["1d", DAY],
    ] as const) {
      const lines = await linesOf(twin, `${SPOT}/${interval}/BTCUSDT-${interval}-${span}.zip`);
      assert.deepEqual(lines, await klines(`${SPOT_REST}&interval=${interval}`, from, to, step, micros));
      assert.equal(lines.length, (to - from) / step);
    }
    const daily = `data/spot/daily/klines/BTCUSDT/15m/BTCUSDT-15m-${span}-07.zip`;
    const day = from + 6 * DAY;
    const path = `${SPOT_REST}&interval=15m`;
    assert.deepEqual(await linesOf(twin, daily), await klines(path, day, day + DAY, 15 * MINUTE, micros));
  }
  const [first] = await linesOf(twin, `${SPOT}/1h/BTCUSDT-1h-2025-01.zip`);
  assert.match(first ?? "", /^1735689600000000,\d+\.\d{8},.*,1735693199999999,\d+\.\d{8},\d+,.*,0$/);
});

test("futures: milliseconds for ever, a header from May 2022 on; the numbers of REST", async () => {
  for (const [span, header] of [
    ["2022-04", []],
    ["2022-05", [KLINES_HEADER]],
    ["2025-03", [KLINES_HEADER]],
  ] as const) {
    const from = Date.parse(`${span}-01T00:00Z`);
    const path = `${UM_REST}&interval=1h`;
    const rows = (end: number) => klines(path, from, end, HOUR);
    const month = `${UM}/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-${span}.zip`;
    const next = Date.UTC(new Date(from).getUTCFullYear(), new Date(from).getUTCMonth() + 1, 1);
    assert.deepEqual(await linesOf(twin, month), [...header, ...(await rows(next))]);
    const day = `${UM}/daily/klines/BTCUSDT/1h/BTCUSDT-1h-${span}-01.zip`;
    assert.deepEqual(await linesOf(twin, day), [...header, ...(await rows(from + DAY))]);
  }
});

test("funding by month: the events of REST, with their jitter", async () => {
  const [header, ...lines] = await linesOf(twin, `${UM}/monthly/fundingRate/SOLUSDT/SOLUSDT-fundingRate-2025-03.zip`);
  assert.equal(header, "calc_time,funding_interval_hours,last_funding_rate");
  const [from, to] = [Date.UTC(2025, 2, 1), Date.UTC(2025, 3, 1) - 1];
  const events = await json<{ fundingTime: number; fundingRate: string }[]>(
    `/binance-futures/fapi/v1/fundingRate?symbol=SOLUSDT&startTime=${from}&endTime=${to}&limit=1000`,
  );
  assert.equal(lines.length, 31 * 6);
  assert.deepEqual(
    lines,
    events.map(({ fundingTime, fundingRate }) => `${fundingTime},4,${fundingRate}`),
  );
  const [, ...first] = await linesOf(twin, `${UM}/monthly/fundingRate/SOLUSDT/SOLUSDT-fundingRate-2020-09.zip`);
  assert.ok(first.length > 0 && first.length < 31 * 6);
});

test("metrics by day: one snapshot, labelled by the end of its period before 2026-06-25 and by its start after", async () => {
  const label = (time: number) => iso(time).slice(0, 19).replace("T", " ");
  for (const [day, lead] of [
    ["2026-06-24", 0],
    ["2026-06-25", 5 * MINUTE],
  ] as const) {
    const [header, ...lines] = await linesOf(twin, `${UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-${day}.zip`);
    assert.match(header ?? "", /^create_time,symbol,sum_open_interest,sum_open_interest_value,count_/);
    const from = Date.parse(day) + 5 * MINUTE;
    const snapshots = await json<{ timestamp: number; sumOpenInterest: string; sumOpenInterestValue: string }[]>(
      `/binance-futures/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&startTime=${from}&limit=288`,
    );
    assert.deepEqual(
      lines.map((line) => line.split(",").slice(0, 4)),
      snapshots.map((row) => [label(row.timestamp - lead), "BTCUSDT", row.sumOpenInterest, row.sumOpenInterestValue]),
    );
    assert.equal(lines[0]?.slice(0, 19), `${day} 00:0${lead ? 0 : 5}:00`);
    assert.equal(lines.length, 288);
    assert.ok(lines.every((line) => line.split(",").length === 8));
  }
});

test("files are bytes that stay the same, on any twin; another seed is another market", async (context) => {
  const key = `${SPOT}/1h/BTCUSDT-1h-2025-01.zip`;
  const zip = await bytesOf(twin, key);
  const later = await twinWith(context, { now: Date.UTC(2027, 0, 1) });
  assert.deepEqual(await bytesOf(later, key), zip);
  const other = await twinWith(context, { seed: 7 });
  assert.notDeepEqual(await bytesOf(other, key), zip);
});

test("headers are a bucket's, on HEAD too; a range is a part", async () => {
  const key = `${SPOT}/1h/BTCUSDT-1h-2025-01.zip`;
  const zip = await bytesOf(twin, key);
  const [whole, head] = [await get(twin, key), await get(twin, key, { method: "HEAD" })];
  assert.equal(await head.text(), "");
  for (const { headers, status } of [whole, head]) {
    assert.equal(status, 200);
    assert.equal(headers.get("content-length"), String(zip.length));
    assert.equal(headers.get("content-type"), "application/zip");
    assert.equal(headers.get("last-modified"), "Sat, 01 Feb 2025 12:00:00 GMT");
    assert.equal(headers.get("date"), "Sun, 30 Aug 2026 12:00:00 GMT");
    assert.match(headers.get("etag") ?? "", /^"[0-9a-f]{32}"$/);
    assert.equal(headers.get("x-candlelake-synthetic"), "1");
    assert.equal(headers.get("x-mbx-used-weight"), null);
  }
  assert.equal((await get(twin, `${key}.CHECKSUM`)).headers.get("content-type"), "text/plain");
  const part = async (range: string) => {
    const response = await get(twin, key, { headers: { range } });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, where: response.headers.get("content-range"), body };
  };
  const { length } = zip;
  assert.deepEqual(await part("bytes=4-9"), { status: 206, where: `bytes 4-9/${length}`, body: zip.subarray(4, 10) });
  const tail = await part(`bytes=${length - 3}-`);
  assert.deepEqual([tail.status, tail.body], [206, zip.subarray(-3)]);
  assert.equal((await part(`bytes=${length}-`)).status, 416);
  assert.equal((await part("bytes=1-2,4-5")).status, 200);
});

test("what the archive does not have is an XML 404", async () => {
  const keys = [
    `${SPOT}/1h/BTCUSDT-1h-2026-08.zip`,
    `${SPOT}/1h/BTCUSDT-1h-2017-07.zip`,
    `${SPOT}/1h/NOPEUSDT-1h-2025-01.zip`,
    `${SPOT}/1h/`,
    "data/spot/daily/klines/BTCUSDT/1w/BTCUSDT-1w-2025-01-06.zip",
    `${SPOT}/1mo/BTCUSDT-1mo-2025-01.zip`,
    "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2025-02-31.zip",
    "data/spot/daily/klines/SOLUSDT/1h/SOLUSDT-1h-2020-08-10.zip",
    `${UM}/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2019-12-30.zip`,
    `${UM}/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2019-12.zip`,
    `${UM}/monthly/metrics/BTCUSDT/BTCUSDT-metrics-2025-01.zip`,
    `${UM}/daily/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2025-01-01.zip`,
    `${UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2020-08-31.zip`,
    "data/spot/monthly/trades/BTCUSDT/BTCUSDT-trades-2025-01.zip",
    "%E0%A4%A",
  ];
  for (const key of keys.flatMap((path) => [path, `${path}.CHECKSUM`])) {
    const response = await get(twin, key);
    assert.deepEqual([response.status, response.headers.get("content-type")], [404, "application/xml"], key);
    assert.match(await response.text(), /^<\?xml .*\n<Error><Code>NoSuchKey<\/Code>/);
  }
});

test("files come out when the calendar says so, by the twin's clock", async (context) => {
  const moving = await twinWith(context, {});
  const isThere = (key: string, time: number) => {
    moving.setNow(time);
    return moving.handle(`/binance-archive/${key}`).status === 200;
  };
  const month = `${SPOT}/1d/BTCUSDT-1d-2026-07.zip`;
  const end = Date.UTC(2026, 7, 1);
  assert.deepEqual([isThere(month, end + 12 * HOUR - 1), isThere(month, end + 12 * HOUR)], [false, true]);
  const day = "data/spot/daily/klines/BTCUSDT/1d/BTCUSDT-1d-2026-07-31.zip";
  assert.deepEqual([isThere(day, end + 8 * HOUR - 1), isThere(day, end + 8 * HOUR)], [false, true]);
});

test("made files are kept for who asks again, up to a size, the newest ones", () => {
  const cache = new FileCache(10);
  const made: string[] = [];
  const ask = (key: string, size: number) =>
    cache.get(key, () => {
      made.push(key);
      return new Uint8Array(size);
    });
  for (const [key, size] of [
    ["a", 4],
    ["b", 4],
    ["a", 4],
    ["c", 4],
    ["a", 4],
    ["b", 4],
    ["large", 11],
    ["b", 4],
  ] as const) {
    assert.equal(ask(key, size).byteLength, size);
  }
  assert.deepEqual(made, ["a", "b", "c", "b", "large", "b"]);
});
