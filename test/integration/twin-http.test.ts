import assert from "node:assert/strict";
import { after, test } from "node:test";
import { numbers } from "../../src/core/batch.ts";
import { UsageError } from "../../src/core/errors.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { SyntheticSource } from "../../src/sources/synthetic/source.ts";
import { startTwin } from "../../src/twin/start.ts";

const NOW = Date.UTC(2025, 0, 10, 10, 20, 30);
const twin = await startTwin({ now: NOW });
after(() => twin.close());

type Kline = readonly (string | number)[];
type Funding = { symbol: string; fundingTime: number; fundingRate: string; markPrice: string };
type OpenInterest = { symbol: string; sumOpenInterest: string; sumOpenInterestValue: string; timestamp: number };

async function get<T = Kline[]>(path: string): Promise<{ status: number; headers: Headers; body: T }> {
  const response = await fetch(twin.url + path);
  const body: T = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, body };
}
const spot = (query: string) => get(`/binance-us/api/v3/klines?${query}`);
const futures = (query: string) => get(`/binance-futures/fapi/v1/continuousKlines?contractType=PERPETUAL&${query}`);
const opens = (rows: readonly Kline[]) => rows.map((row) => Number(row[0]));

async function refused(path: string, status: number, code: number, message?: string): Promise<void> {
  const answer = await get<{ code: number; msg: string }>(path);
  assert.equal(answer.status, status, path);
  assert.equal(answer.body.code, code, path);
  if (message !== undefined) assert.equal(answer.body.msg, message);
}

test("the settings name the hosts and the switch for made data", () => {
  assert.match(twin.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(twin.settings, {
    CANDLELAKE_BINANCE_US_REST: `${twin.url}/binance-us`,
    CANDLELAKE_BINANCE_SPOT_REST: `${twin.url}/binance-spot`,
    CANDLELAKE_BINANCE_FUTURES_REST: `${twin.url}/binance-futures`,
    CANDLELAKE_BINANCE_ARCHIVE: `${twin.url}/binance-archive`,
    CANDLELAKE_BINANCE_ARCHIVE_LIST: `${twin.url}/binance-archive-list`,
    CANDLELAKE_SYNTHETIC: "1",
  });
});

test("time, ping and exchangeInfo", async () => {
  for (const base of ["/binance-us/api/v3", "/binance-spot/api/v3", "/binance-futures/fapi/v1"]) {
    const time = await get(`${base}/time`);
    assert.deepEqual(time.body, { serverTime: NOW });
    assert.equal(time.headers.get("date"), "Fri, 10 Jan 2025 10:20:30 GMT");
    assert.equal(time.headers.get("x-candlelake-synthetic"), "1");
    assert.deepEqual((await get(`${base}/ping`)).body, {});
    const info = await get<{ rateLimits: { rateLimitType: string; limit: number }[]; symbols: { symbol: string }[] }>(
      `${base}/exchangeInfo`,
    );
    assert.ok(
      info.body.rateLimits.some(({ rateLimitType, limit }) => rateLimitType === "REQUEST_WEIGHT" && limit >= 1200),
    );
    assert.ok(info.body.symbols.some(({ symbol }) => symbol === "BTCUSDT"));
  }
});

test("without times the newest rows come, the open candle last", async () => {
  for (const rows of [
    (await spot("symbol=BTCUSDT&interval=1h")).body,
    (await futures("pair=BTCUSDT&interval=1h")).body,
  ]) {
    assert.equal(rows.length, 500);
    assert.equal(rows.at(-1)?.[0], Date.UTC(2025, 0, 10, 10));
    assert.ok(Number(rows.at(-1)?.[6]) > NOW);
  }
  const months = (await spot("symbol=BTCUSDT&interval=1M&limit=14")).body;
  assert.deepEqual(
    opens(months),
    Array.from({ length: 14 }, (_, i) => Date.UTC(2023, 11 + i, 1)),
  );
});

test("a start takes the oldest rows, an end alone the newest before it, and both ends are inclusive", async () => {
  const from = Date.UTC(2025, 0, 1);
  const hours = (first: number, count: number) => Array.from({ length: count }, (_, i) => from + (first + i) * HOUR);
  const asked = async (query: string) => opens((await spot(`symbol=BTCUSDT&interval=1h&${query}`)).body);
  assert.deepEqual(await asked(`startTime=${from}&limit=3`), hours(0, 3));
  assert.deepEqual(await asked(`startTime=${from - 1}&limit=2`), hours(0, 2));
  assert.deepEqual(await asked(`startTime=${from + 1}&limit=2`), hours(1, 2));
  assert.deepEqual(await asked(`startTime=${from}&endTime=${from + 3 * HOUR}`), hours(0, 4));
  assert.deepEqual(await asked(`startTime=${from}&endTime=${from + 3 * HOUR - 1}`), hours(0, 3));
  assert.deepEqual(await asked(`startTime=${from}&endTime=${from}`), hours(0, 1));
  assert.deepEqual(await asked(`startTime=${from}&endTime=${from + 9 * HOUR}&limit=2`), hours(0, 2));
  assert.deepEqual(await asked(`endTime=${from}&limit=2`), hours(-1, 2));
  assert.deepEqual(await asked(`endTime=${from - 1}&limit=2`), hours(-2, 2));
  assert.deepEqual(await asked(`startTime=${from + HOUR}&endTime=${from}`), []);
  assert.deepEqual(await asked(`startTime=${NOW + 1}`), []);
  assert.deepEqual(await asked("startTime=0&limit=1"), [Date.UTC(2017, 7, 17, 4)]);
  assert.deepEqual(await asked("endTime=0"), []);
});

test("limits: 500 rows unless told, at most 1,000 on spot, 1,500 on futures and an error beyond", async () => {
  assert.equal((await spot("symbol=BTCUSDT&interval=1m&startTime=0")).body.length, 500);
  assert.equal((await spot("symbol=BTCUSDT&interval=1m&startTime=0&limit=5000")).body.length, 1000);
  assert.equal((await futures("pair=BTCUSDT&interval=1m&startTime=0&limit=1500")).body.length, 1500);
  await refused(
    "/binance-futures/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=1501",
    400,
    -1130,
    "Data sent for parameter 'limit' is not valid.",
  );
});

test("every interval is answered with rows that follow each other", async () => {
  for (const interval of INTERVALS) {
    for (const rows of [
      (await spot(`symbol=ETHUSDT&interval=${interval}&limit=40`)).body,
      (await futures(`pair=ETHUSDT&interval=${interval}&limit=40`)).body,
    ]) {
      assert.ok(rows.length >= 30, interval);
      rows.forEach((row, i) => {
        assert.equal(row.length, 12);
        assert.deepEqual(row.map((field) => typeof field).join(" "), KLINE_TYPES);
        const next = rows[i + 1];
        if (next) assert.equal(Number(row[6]) + 1, next[0]);
        if (next) assert.equal(row[4], next[1]);
      });
    }
  }
});
const KLINE_TYPES = "number string string string string string number string number string string string";

test("decimals have the venue's places", async () => {
  const [row] = (await spot("symbol=BTCUSDT&interval=1m&limit=1")).body;
  for (const field of [1, 2, 3, 4, 5, 7, 9, 10]) assert.match(String(row?.[field]), /^\d+\.\d{8}$/);
  const [contract] = (await futures("pair=BTCUSDT&interval=1m&limit=1")).body;
  for (const field of [1, 2, 3, 4]) assert.match(String(contract?.[field]), /^\d+\.\d0$/);
  for (const field of [5, 9]) assert.match(String(contract?.[field]), /^\d+\.\d{3}$/);
  for (const field of [7, 10]) assert.match(String(contract?.[field]), /^\d+\.\d{5}$/);
});

test("klines and continuousKlines are the same contract, in lower case too; both spot hosts have one market", async () => {
  const query = "interval=15m&limit=20";
  const continuous = await futures(`pair=BTCUSDT&${query}`);
  assert.deepEqual((await get(`/binance-futures/fapi/v1/klines?symbol=btcusdt&${query}`)).body, continuous.body);
  const [us, world] = [
    await spot(`symbol=BTCUSDT&${query}`),
    await get(`/binance-spot/api/v3/klines?symbol=BTCUSDT&${query}`),
  ];
  assert.deepEqual(us.body, world.body);
  assert.deepEqual(
    (await get(`/binance-futures/fapi/v1/continuousKlines?pair=BTCUSDT&contractType=NEXT_QUARTER&${query}`)).body,
    [],
  );
});

test("what is wrong with a request is said with the venue's codes", async () => {
  const us = "/binance-us/api/v3/klines";
  const um = "/binance-futures/fapi/v1";
  await refused(`${us}?symbol=NOPEUSDT&interval=1h`, 400, -1121, "Invalid symbol.");
  await refused(`${us}?symbol=BTCUSDT&interval=1s`, 400, -1120, "Invalid interval.");
  await refused(`${us}?symbol=BTCUSDT&interval=1mo`, 400, -1120);
  await refused(`${us}?symbol=btcusdt&interval=1h`, 400, -1100);
  await refused(`${us}?symbol=BTC%20USDT&interval=1h`, 400, -1100);
  const missing = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.";
  await refused(`${us}?interval=1h`, 400, -1102, missing);
  await refused(`${us}?symbol=&interval=1h`, 400, -1102, missing);
  await refused(`${us}?symbol=BTCUSDT`, 400, -1102);
  await refused(`${us}?symbol=BTCUSDT&interval=1h&startTime=1.5`, 400, -1100);
  await refused(`${us}?symbol=BTCUSDT&interval=1h&startTime=`, 400, -1105);
  await refused(`${us}?symbol=BTCUSDT&interval=1h&limit=-1`, 400, -1100);
  await refused(`${us}?symbol=BTCUSDT&interval=1h&limit=0`, 400, -1130);
  await refused(`${us}?symbol=BTCUSDT&symbol=ETHUSDT&interval=1h`, 400, -1101);
  const unread = "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.";
  await refused(`${us}?symbol=BTCUSDT&interval=1h&start_time=1`, 400, -1104, unread);
  await refused(`${um}/continuousKlines?pair=NOPEUSDT&contractType=PERPETUAL&interval=1h`, 400, -1121);
  await refused(`${um}/continuousKlines?pair=BTCUSDT&interval=1h`, 400, -1102);
  await refused(`${um}/continuousKlines?pair=BTCUSDT&contractType=FOREVER&interval=1h`, 400, -1130);
  await refused(`${um}/klines?symbol=BTCUSDT&interval=1h&startTime=2&endTime=1`, 400, -1023);
  await refused(`${um}/fundingRate?symbol=NOPEUSDT`, 400, -1121);
  await refused(`${um}/fundingRate?symbol=BTCUSDT&limit=1001`, 400, -1130);
  assert.equal((await get(`${um}/klines?symbol=BTCUSDT&interval=1h&unknown=1`)).status, 200);
});

test("unknown paths are not found", async () => {
  for (const path of [
    "/",
    "/nowhere",
    "/binance-us/api/v1/klines",
    "/binance-us/toString",
    "/binance-futures/api/v3/klines",
  ]) {
    await refused(path, 404, -5000);
  }
  const post = await fetch(`${twin.url}/binance-us/api/v3/time`, { method: "POST" });
  assert.equal(post.status, 405);
  const head = await fetch(`${twin.url}/binance-us/api/v3/time`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

test("funding: the oldest rows from a start, the newest without, 200 where nothing is asked", async () => {
  const funding = async (query: string) =>
    (await get<Funding[]>(`/binance-futures/fapi/v1/fundingRate?symbol=BTCUSDT${query}`)).body;
  const all = await funding("&startTime=0&limit=1000");
  assert.equal(all.length, 1000);
  assert.match(new Date(all[0]?.fundingTime ?? 0).toISOString(), /^2019-09-10T08:00:00\.0/);
  assert.deepEqual(await funding("&startTime=0"), all.slice(0, 100));
  assert.deepEqual(await funding(`&startTime=${all[5]?.fundingTime}&endTime=${all[7]?.fundingTime}`), all.slice(5, 8));
  assert.deepEqual(await funding(`&startTime=${(all[5]?.fundingTime ?? 0) + 1}&limit=1`), all.slice(6, 7));
  assert.deepEqual(await funding(`&endTime=${all[7]?.fundingTime}&limit=3`), all.slice(5, 8));
  const recent = await funding("");
  assert.equal(recent.length, 200);
  assert.ok((recent.at(-1)?.fundingTime ?? 0) > NOW - 8 * HOUR);
  assert.deepEqual(await funding("&limit=5"), recent.slice(-5));
  assert.equal(all[0]?.markPrice, "");
  assert.match(recent[0]?.markPrice ?? "", /^\d+\.\d{8}$/);
  assert.ok([...all, ...recent].every(({ fundingRate }) => /^-?\d\.\d{8}$/.test(fundingRate)));
});

test("open interest: thirty days and not an instant more; an unknown symbol is an empty list", async () => {
  const path = "/binance-futures/futures/data/openInterestHist?symbol=BTCUSDT";
  const rows = async (query: string) => (await get<OpenInterest[]>(`${path}${query}`)).body;
  const newest = await rows("&period=5m");
  assert.equal(newest.length, 30);
  assert.equal(newest.at(-1)?.timestamp, Date.UTC(2025, 0, 10, 10, 20));
  assert.equal((await rows("&period=4h&limit=500")).length, 180);
  assert.equal((await rows(`&period=5m&limit=500&startTime=${NOW - 30 * DAY}`)).length, 500);
  const invalid = "parameter 'startTime' is invalid.";
  await refused(`${path}&period=5m&startTime=${NOW - 30 * DAY - 1}`, 400, -1130, invalid);
  await refused(`${path}&period=1m`, 400, -1130);
  await refused(`${path}&period=5m&limit=501`, 400, -1130);
  await refused(`${path}`, 400, -1102);
  const from = NOW - 2 * DAY;
  const day = await rows(`&period=5m&limit=500&startTime=${from}&endTime=${from + DAY - 1}`);
  assert.equal(day.length, 288);
  assert.ok(
    day.every(({ timestamp }, i) => timestamp === Math.ceil(from / (5 * MINUTE)) * 5 * MINUTE + i * 5 * MINUTE),
  );
  assert.deepEqual(await rows(`&period=5m&limit=10&endTime=${day[287]?.timestamp}`), day.slice(-10));
  const unknown = await get(`/binance-futures/futures/data/openInterestHist?symbol=NOPEUSDT&period=5m`);
  assert.deepEqual([unknown.status, unknown.body], [200, []]);
});

test("the twin and the generator give the same numbers", async () => {
  const source = new SyntheticSource({ now: () => NOW });
  const range = { from: NOW - 3 * DAY, to: NOW };
  const span = `startTime=${range.from}&endTime=${range.to - 1}`;
  const cases = [
    {
      kind: "klines",
      step: "15m",
      path: `/binance-futures/fapi/v1/klines?symbol=ALGOUSDT&interval=15m&limit=1500&${span}`,
      columns: [
        "open",
        "high",
        "low",
        "close",
        "volume",
        "quote_volume",
        "num_trades",
        "taker_buy_base_volume",
        "taker_buy_quote_volume",
      ],
      fields: [1, 2, 3, 4, 5, 7, 8, 9, 10],
    },
    {
      kind: "funding",
      step: undefined,
      path: `/binance-futures/fapi/v1/fundingRate?symbol=ALGOUSDT&${span}`,
      columns: ["funding_rate", "mark_price"],
      fields: ["fundingRate", "markPrice"],
    },
    {
      kind: "open-interest",
      step: "15m",
      path: `/binance-futures/futures/data/openInterestHist?symbol=ALGOUSDT&period=15m&limit=500&${span}`,
      columns: ["open_interest", "open_interest_value"],
      fields: ["sumOpenInterest", "sumOpenInterestValue"],
    },
  ] as const;
  for (const { kind, step, path, columns, fields } of cases) {
    const { body } = await get<Record<string | number, unknown>[]>(path);
    const rows = [];
    for await (const page of source.read({ kind, venue: "synthetic", market: "um", symbol: "ALGOUSDT", step }, range)) {
      for (let row = 0; row < page.batch.rows; row++) {
        assert.deepEqual(JSON.parse(page.evidence(row)), body[rows.length]);
        rows.push(columns.map((name) => numbers(page.batch, name).values[row]));
      }
    }
    assert.ok(rows.length >= 9);
    assert.deepEqual(
      body.map((row) => fields.map((field) => Number(row[field]))),
      rows,
    );
  }
});

test("the clock can be moved, frozen or a test's own", async () => {
  let time = NOW;
  const moving = await startTwin({ now: () => time });
  try {
    const now = () => JSON.parse(Buffer.from(moving.handle("/binance-us/api/v3/time").body).toString());
    assert.deepEqual(now(), { serverTime: NOW });
    time += HOUR;
    assert.deepEqual(now(), { serverTime: NOW + HOUR });
    moving.setNow(NOW - DAY);
    assert.deepEqual(now(), { serverTime: NOW - DAY });
  } finally {
    await moving.close();
  }
  const machine = await startTwin();
  try {
    const before = Date.now();
    const response = await fetch(`${machine.url}/binance-us/api/v3/time`);
    const { serverTime } = JSON.parse(await response.text());
    assert.ok(serverTime >= before && serverTime <= Date.now());
  } finally {
    await machine.close();
  }
});

test("requests are logged, and closing ends every connection", async () => {
  const own = await startTwin({ now: NOW });
  await fetch(`${own.url}/binance-futures/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=499`);
  await fetch(`${own.url}/nowhere?x=1`);
  assert.deepEqual(own.requests, [
    {
      time: NOW,
      host: "binance-futures",
      path: "/fapi/v1/klines",
      query: "symbol=BTCUSDT&interval=1h&limit=499",
      status: 200,
      weight: 2,
    },
    { time: NOW, host: undefined, path: "/nowhere", query: "x=1", status: 404, weight: 0 },
  ]);
  await own.close();
  await assert.rejects(fetch(`${own.url}/binance-us/api/v3/time`));
});

test("a port that is taken is an error that says so", async () => {
  await assert.rejects(startTwin({ port: Number(new URL(twin.url).port) }), UsageError);
});

test("all of the open interest, from the listing on, where that is asked for", async () => {
  const all = await startTwin({ now: NOW, history: "all" });
  try {
    const path = "/binance-futures/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&limit=2";
    const rows: OpenInterest[] = JSON.parse(Buffer.from(all.handle(`${path}&startTime=0`).body).toString());
    const listed = Date.UTC(2019, 8, 8, 18);
    assert.deepEqual(
      rows.map(({ timestamp }) => timestamp),
      [listed, listed + 5 * MINUTE],
    );
  } finally {
    await all.close();
  }
});
