import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { absent, fieldsOf, folder, read } from "./corpus.ts";

const twin: Twin | undefined = absent ? undefined : await startTwin({ replay: folder, history: "all", limits: false });
after(() => twin?.close());

const real = (name: string, body: (context: TestContext, twin: Twin) => Promise<void>): void => {
  test(name, { skip: absent }, (context) => (twin ? body(context, twin) : undefined));
};

/** The first member of a ZIP by its local header alone. */
function member(zip: Buffer): string {
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  return inflateRawSync(zip.subarray(start)).toString();
}

const millis = (text: string | undefined): string => (text ?? "").slice(0, 13);

async function served(from: Twin, path: string): Promise<string> {
  const response = await fetch(from.url + path);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("x-candlelake-synthetic"), null);
  return await response.text();
}

/** All rows of a range, page by page, as texts. */
async function* pages(from: Twin, path: string, start: number, limit: number): AsyncGenerator<string> {
  for (let cursor = start; ; ) {
    const text = await served(from, `${path}&startTime=${cursor}&limit=${limit}`);
    const rows: (readonly (string | number)[])[] = JSON.parse(text);
    if (rows.length === 0) return;
    yield text.slice(1, -1);
    cursor = Number(rows.at(-1)?.[0]) + 1;
  }
}

async function assertServed(from: Twin, path: string, limit: number, lines: readonly string[][]): Promise<void> {
  const text = (f: string | undefined): string => `"${f}"`;
  const expected = lines.map(
    (f) =>
      `[${millis(f[0])},${f.slice(1, 6).map(text).join(",")},${millis(f[6])},${text(f[7])},${f[8]},${text(f[9])},${text(f[10])},${text(f[11])}]`,
  );
  const found: string[] = [];
  for await (const page of pages(from, path, 0, limit)) found.push(page);
  assert.equal(found.join(","), expected.join(","));
}

real("spot hours: every row of the files, digit by digit, over the change of units", async (_, from) => {
  const months = readdirSync(join(folder, "csv/spot_1h")).sort();
  const lines = months.flatMap((file) => fieldsOf(read(`csv/spot_1h/${file}`).toString()));
  const day = fieldsOf(member(read("vision/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2026-05-08.zip")));
  await assertServed(from, "/binance-spot/api/v3/klines?symbol=BTCUSDT&interval=1h", 1000, [...lines, ...day]);
});

real("spot minutes out of the daily archives", async (_, from) => {
  const days = ["01", "02", "03"].flatMap((day) =>
    fieldsOf(member(read(`vision/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2020-01-${day}.zip`))),
  );
  assert.equal(days.length, 3 * 1440);
  await assertServed(from, "/binance-spot/api/v3/klines?symbol=BTCUSDT&interval=1m", 1000, days);
});

real("futures hours and minutes", async (_, from) => {
  const path = "/binance-futures/fapi/v1/continuousKlines?contractType=PERPETUAL";
  await assertServed(
    from,
    `${path}&pair=BTCUSDT&interval=1h`,
    1500,
    fieldsOf(read("csv/um/BTCUSDT-1h.csv").toString()),
  );
  const minutes = fieldsOf(read("csv/um_1m/ALGOUSDT-1m-2023-02.csv").toString());
  assert.equal(minutes.length, 28 * 1440);
  await assertServed(from, `${path}&pair=ALGOUSDT&interval=1m`, 1500, minutes);
});

real("a captured body comes back byte for byte, its last candle still open", async (_, from) => {
  const body = read("json/binance_us/klines_BTCUSDT_1h_limit200_2025-12-07_2025-12-15.json").toString();
  assert.equal(await served(from, "/binance-us/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1000"), body.trim());
  const rows: number[][] = JSON.parse(body);
  const { serverTime } = JSON.parse(await served(from, "/binance-us/api/v3/time"));
  assert.ok(serverTime > (rows.at(-2)?.[6] ?? 0) && serverTime <= (rows.at(-1)?.[6] ?? 0));
});

real("funding and open interest", async (_, from) => {
  const funding: Record<string, unknown>[] = JSON.parse(
    await served(from, "/binance-futures/fapi/v1/fundingRate?symbol=BTCUSDT&startTime=0&limit=1000"),
  );
  const events = fieldsOf(read("csv/um/BTCUSDT-funding.csv").toString());
  assert.deepEqual(
    funding,
    events
      .slice(0, 1000)
      .map(([time, , rate]) => ({ symbol: "BTCUSDT", fundingTime: Number(time), fundingRate: rate, markPrice: "" })),
  );
  const history: Record<string, unknown>[] = JSON.parse(
    await served(from, "/binance-futures/futures/data/openInterestHist?symbol=BTCUSDT&period=4h&startTime=0&limit=500"),
  );
  assert.deepEqual(
    history,
    fieldsOf(read("csv/um/BTCUSDT-oi-4h.csv").toString()).map(([time, symbol, base, value]) => ({
      symbol,
      sumOpenInterest: base,
      sumOpenInterestValue: value,
      timestamp: Number(time),
    })),
  );
});
