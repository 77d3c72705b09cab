import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import { DataError, UsageError } from "../../src/core/errors.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-replay-"));
after(() => rmSync(folder, { recursive: true }));

function put(path: string, content: string | Uint8Array, into = folder): void {
  mkdirSync(dirname(join(into, path)), { recursive: true });
  writeFileSync(join(into, path), content);
}

/** A ZIP of one deflated member, as small as it gets. */
function zipOf(name: string, text: string): Buffer {
  const packed = deflateRawSync(text);
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(crc32(text), 0);
  sizes.writeUInt32LE(packed.length, 4);
  sizes.writeUInt32LE(text.length, 8);
  const words = (...values: number[]) => Buffer.from(new Uint16Array(values).buffer);
  const local = Buffer.concat([
    Buffer.from("PK\x03\x04"),
    words(20, 0, 8, 0, 0),
    sizes,
    words(name.length, 0),
    Buffer.from(name),
    packed,
  ]);
  const entry = Buffer.concat([
    Buffer.from("PK\x01\x02"),
    words(20, 20, 0, 8, 0, 0),
    sizes,
    words(name.length, 0, 0, 0, 0, 0, 0, 0, 0),
    Buffer.from(name),
  ]);
  const end = Buffer.concat([Buffer.from("PK\x05\x06"), words(0, 0, 1, 1), Buffer.alloc(8), words(0)]);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}

const HOUR_0 = Date.UTC(2024, 11, 31, 22);
const MINUTE_0 = Date.UTC(2023, 1, 1);
/** A CSV line whose times are in units of which a millisecond has `unit`. */
const line = (open: number, length: number, unit: number, price: string): string =>
  [
    open * unit,
    price,
    price,
    price,
    price,
    "0.50000000",
    (open + length) * unit - 1,
    "1.25000000",
    7,
    "0.10000000",
    "0.30000000",
    0,
  ].join(",");
const row = (open: number, length: number, price: string): string =>
  `[${open},"${price}","${price}","${price}","${price}","0.50000000",${open + length - 1},"1.25000000",7,"0.10000000","0.30000000","0"]`;

put(
  "csv/spot_1h/ETHUSDT-1h-2024-12.csv",
  `${line(HOUR_0, HOUR, 1, "1.10000000")}\n${line(HOUR_0 + HOUR, HOUR, 1, "1.20000000")}\n`,
);
put(
  "csv/spot_1h/ETHUSDT-1h-2025-01.csv",
  `${line(HOUR_0 + 2 * HOUR, HOUR, 1000, "1.30000000")}\n${line(HOUR_0 + 4 * HOUR, HOUR, 1000, "1.40000000")}\n`,
);
put(
  "csv/um_1m/ALGOUSDT-1m-2023-02.csv",
  `open_time,open,high\r\n${line(MINUTE_0, MINUTE, 1, "0.2413")}\r\n${line(MINUTE_0 + MINUTE, MINUTE, 1, "0.2418")}`,
);
put(
  "csv/um/ETHUSDT-funding.csv",
  "fundingTime,fundingIntervalHours,fundingRate\n1677628800015,8,0.00010000\n1677657600000,8,-0.00000100\n",
);
put(
  "csv/um/ETHUSDT-oi-4h.csv",
  `timestamp,symbol,sum_open_interest,sum_open_interest_value\n${MINUTE_0},ETHUSDT,80.500,90.25\n${MINUTE_0 + 4 * HOUR},ETHUSDT,81.500,91.25`,
);
put(
  "json/binance_us/klines_ETHUSDT_1h_limit2_x.json",
  `[${row(HOUR_0, HOUR, "2.1")},${row(HOUR_0 + HOUR, HOUR, "2.2")}]`,
);
put(
  "vision/data/spot/daily/klines/ETHUSDT/1m/ETHUSDT-1m-2023-02-01.zip",
  zipOf("ETHUSDT-1m-2023-02-01.csv", `${line(MINUTE_0, MINUTE, 1, "3.10000000")}\n`),
);
put(
  "vision/data/futures/um/monthly/fundingRate/ETHUSDT/ETHUSDT-fundingRate-2023-03.zip",
  zipOf("a.csv", "calc_time,hours,rate\n1677686400001,8,0.00020000\n"),
);
put("vision/data/spot/daily/klines/ETHUSDT/1m/ETHUSDT-1m-2023-02-01.zip.CHECKSUM", "not ours to read");
put("notes.txt", "nor this");

const twin = await startTwin({ replay: folder });
after(() => twin.close());

async function body(path: string, from: Twin = twin): Promise<string> {
  const response = await fetch(from.url + path);
  return await response.text();
}
const SPOT = "/binance-spot/api/v3/klines?symbol=ETHUSDT";
const UM = "/binance-futures/fapi/v1/klines";
const OPEN_INTEREST = "/binance-futures/futures/data/openInterestHist?symbol=ETHUSDT&period=4h";

test("files are served row by row, microseconds as milliseconds, decimals as they stand", async () => {
  assert.equal(
    await body(`${SPOT}&interval=1h&startTime=0`),
    `[${row(HOUR_0, HOUR, "1.10000000")},${row(HOUR_0 + HOUR, HOUR, "1.20000000")},${row(HOUR_0 + 2 * HOUR, HOUR, "1.30000000")},${row(HOUR_0 + 4 * HOUR, HOUR, "1.40000000")}]`,
  );
  assert.equal(
    await body(`${UM}?symbol=ALGOUSDT&interval=1m`),
    `[${row(MINUTE_0, MINUTE, "0.2413")},${row(MINUTE_0 + MINUTE, MINUTE, "0.2418")}]`,
  );
  assert.equal(await body(`${SPOT}&interval=1m`), `[${row(MINUTE_0, MINUTE, "3.10000000")}]`);
  assert.equal(
    await body("/binance-futures/fapi/v1/fundingRate?symbol=ETHUSDT&startTime=0"),
    `[{"symbol":"ETHUSDT","fundingTime":1677628800015,"fundingRate":"0.00010000","markPrice":""},` +
      `{"symbol":"ETHUSDT","fundingTime":1677657600000,"fundingRate":"-0.00000100","markPrice":""},` +
      `{"symbol":"ETHUSDT","fundingTime":1677686400001,"fundingRate":"0.00020000","markPrice":""}]`,
  );
});

test("windows are cut as the venue cuts them", async () => {
  const opens = async (query: string): Promise<number[]> => {
    const rows: number[][] = JSON.parse(await body(`${SPOT}&interval=1h${query}`));
    return rows.map(([open]) => ((open ?? 0) - HOUR_0) / HOUR);
  };
  assert.deepEqual(await opens(""), [0, 1, 2, 4]);
  assert.deepEqual(await opens("&limit=2"), [2, 4]);
  assert.deepEqual(await opens(`&startTime=${HOUR_0 + 1}&limit=2`), [1, 2]);
  assert.deepEqual(await opens(`&startTime=${HOUR_0 + HOUR}&endTime=${HOUR_0 + 2 * HOUR}`), [1, 2]);
  assert.deepEqual(await opens(`&endTime=${HOUR_0 + 3 * HOUR}&limit=1`), [2]);
  assert.deepEqual(await opens(`&startTime=${HOUR_0 + 3 * HOUR}&endTime=${HOUR_0 + 4 * HOUR - 1}`), []);
});

test("each host's time stands still: after an archive's last close, within a capture's last candle", async () => {
  const time = async (base: string): Promise<number> => JSON.parse(await body(`${base}/time`)).serverTime;
  assert.equal(await time("/binance-spot/api/v3"), HOUR_0 + 5 * HOUR);
  assert.equal(await time("/binance-us/api/v3"), HOUR_0 + HOUR + 1);
  assert.equal(await time("/binance-futures/fapi/v1"), 1677686400002);
  const rows: number[][] = JSON.parse(await body("/binance-us/api/v3/klines?symbol=ETHUSDT&interval=1h"));
  assert.equal(rows.length, 2);
  assert.ok((rows[1]?.[6] ?? 0) > HOUR_0 + HOUR + 1, "the last candle is open");
});

test("what is not there: unknown symbols are refused, other intervals are empty, nothing is made", async () => {
  const response = await fetch(`${twin.url}/binance-spot/api/v3/klines?symbol=BTCUSDT&interval=1h`);
  assert.deepEqual([response.status, JSON.parse(await response.text()).code], [400, -1121]);
  assert.equal(response.headers.get("x-candlelake-synthetic"), null);
  assert.equal(await body(`${SPOT}&interval=1d`), "[]");
  assert.equal(await body("/binance-futures/fapi/v1/fundingRate?symbol=ALGOUSDT"), "[]");
  assert.equal(twin.settings["CANDLELAKE_SYNTHETIC"], undefined);
  const info = JSON.parse(await body("/binance-futures/fapi/v1/exchangeInfo"));
  assert.deepEqual(info.symbols.map(({ symbol }: { symbol: string }) => symbol).sort(), ["ALGOUSDT", "ETHUSDT"]);
});

test("open interest keeps to thirty days unless all of it is asked for", async () => {
  const all = `[{"symbol":"ETHUSDT","sumOpenInterest":"80.500","sumOpenInterestValue":"90.25","timestamp":${MINUTE_0}},{"symbol":"ETHUSDT","sumOpenInterest":"81.500","sumOpenInterestValue":"91.25","timestamp":${MINUTE_0 + 4 * HOUR}}]`;
  assert.equal(await body(`${OPEN_INTEREST}&limit=500`), all);
  const later = await startTwin({ replay: folder, now: MINUTE_0 + 30 * DAY + HOUR });
  const open = await startTwin({ replay: folder, now: MINUTE_0 + 90 * DAY, history: "all" });
  try {
    assert.equal(await body(`${OPEN_INTEREST}`, later), `[${all.slice(all.indexOf("},{") + 2)}`);
    assert.match(await body(`${OPEN_INTEREST}&startTime=${MINUTE_0}`, later), /-1130/);
    assert.equal(await body(`${OPEN_INTEREST}&startTime=0`, open), all);
  } finally {
    await later.close();
    await open.close();
  }
});

test("an instant of one's own hides what comes after it", async () => {
  const early = await startTwin({ replay: folder, now: HOUR_0 + HOUR });
  try {
    assert.deepEqual(JSON.parse(await body(`${SPOT}&interval=1h`, early)).length, 2);
  } finally {
    await early.close();
  }
});

test("faults strike recorded rows too", async () => {
  const faulty = await startTwin({ replay: folder, faults: "duplicate" });
  try {
    const [first, second] = JSON.parse(await body(`${UM}?symbol=ALGOUSDT&interval=1m`, faulty));
    assert.deepEqual(first, second);
  } finally {
    await faulty.close();
  }
});

test("a folder without recordings, a missing one, a damaged archive: an error that says so", async () => {
  const other = mkdtempSync(join(tmpdir(), "twin-replay-"));
  after(() => rmSync(other, { recursive: true }));
  await assert.rejects(startTwin({ replay: join(other, "missing") }), UsageError);
  await assert.rejects(startTwin({ replay: other }), UsageError);
  const path = "vision/data/spot/daily/klines/ETHUSDT/1m/ETHUSDT-1m-2023-02-01.zip";
  put(path, "not a zip", other);
  await assert.rejects(startTwin({ replay: other }), DataError);
  put(path, zipOf("a.csv", "1,2,3\n").fill(255, 31, 36), other);
  await assert.rejects(startTwin({ replay: other }), DataError);
  for (const [name, text] of [
    ["csv/spot_1h/ETHUSDT-1h-2024-12.csv", "1733011200000,1,2,3\n"],
    ["json/binance_us/klines_ETHUSDT_1h_x.json", "[[1,2"],
    ["json/binance_us/klines_ETHUSDT_1h_x.json", '{"code":-1121}'],
    ["json/binance_us/klines_ETHUSDT_1h_x.json", "[[1]]"],
  ] as const) {
    const bad = mkdtempSync(join(tmpdir(), "twin-replay-"));
    after(() => rmSync(bad, { recursive: true }));
    put(name, text, bad);
    await assert.rejects(startTwin({ replay: bad }), DataError, text);
  }
});
