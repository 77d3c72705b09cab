import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { DAY, HOUR } from "../../src/core/time.ts";
import { zipOf } from "../../src/twin/archive/zip.ts";
import { bytesOf, get, KLINES_HEADER, linesOf, twinWith, UM, unpack } from "../fakes/archive-files.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-archive-"));
after(() => rmSync(folder, { recursive: true }));

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
const row = (open: number, price: number, unit = 1) =>
  [open * unit, price, price, price, price, "0.50", (open + DAY) * unit - 1, "1.250", 7, "0.10", "0.30", 0].join(",");
const days = (from: number, to: number, unit?: number) =>
  Array.from({ length: (to - from) / DAY }, (_, i) => row(from + i * DAY, 100 + i, unit));

const YEAR = Date.UTC(2025, 0, 1);
const MARCH = Date.UTC(2025, 2, 1);
const spotMonth = `${days(YEAR, Date.UTC(2025, 1, 1), 1000).join("\r\n")}\r\n`;
const genuine = zipOf([{ name: "x.csv", bytes: Buffer.from(`calc_time,h,r\n${MARCH + 1},8,0.1\n`) }]);
const joined = days(YEAR + DAY, Date.UTC(2025, 3, 15));
put("csv/spot_1d/ETHUSDT-1d-2025-01.csv", spotMonth);
put("csv/um/ETHUSDT-1d.csv", `openTime,open\n${joined.join("\n")}`);
const events = Array.from({ length: 90 * 3 }, (_, i) => `${YEAR + i * 8 * HOUR + (i % 17)},8,0.0001${i}`);
put("csv/um/ETHUSDT-funding.csv", `fundingTime,hours,rate\n${events.join("\n")}\n`);
put("csv/um/ETHUSDT-oi-4h.csv", `timestamp,symbol,a,b\n${YEAR},ETHUSDT,1,2\n`);
const FUNDING = `${UM}/monthly/fundingRate/ETHUSDT/ETHUSDT-fundingRate-`;
put(`vision/${FUNDING}2025-02.zip`, genuine);
put(`vision/${FUNDING}2025-02.zip.CHECKSUM`, "as it came\n");
put(`vision/${UM}/daily/bookDepth/ETHUSDT/ETHUSDT-bookDepth-2025-03-01.zip`, "no ZIP, but ours to serve");

test("recordings: genuine files byte for byte, months of CSV packed, files of many months cut", async (context) => {
  const own = await twinWith(context, { replay: folder, now: Date.UTC(2025, 5, 1) });
  const response = await get(own, `${FUNDING}2025-02.zip`);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), genuine);
  assert.equal(response.headers.get("x-candlelake-synthetic"), null);
  assert.equal((await bytesOf(own, `${FUNDING}2025-02.zip.CHECKSUM`)).toString(), "as it came\n");
  const depth = `${UM}/daily/bookDepth/ETHUSDT/ETHUSDT-bookDepth-2025-03-01.zip`;
  assert.equal((await bytesOf(own, depth)).toString(), "no ZIP, but ours to serve");
  assert.equal((await get(own, `${depth}.CHECKSUM`)).status, 404);

  const spot = "data/spot/monthly/klines/ETHUSDT/1d/ETHUSDT-1d-2025-01.zip";
  assert.equal(unpack(await bytesOf(own, spot))[0]?.text, spotMonth);
  const um = (month: string) => `${UM}/monthly/klines/ETHUSDT/1d/ETHUSDT-1d-2025-${month}.zip`;
  const covered = await Promise.all(["01", "02", "03", "04"].map(async (month) => (await get(own, um(month))).status));
  assert.deepEqual(covered, [404, 200, 200, 404]);
  assert.deepEqual(await linesOf(own, um("03")), [KLINES_HEADER, ...joined.slice(58, 58 + 31)]);
  const january = await linesOf(own, `${FUNDING}2025-01.zip`);
  assert.deepEqual(january, ["calc_time,funding_interval_hours,last_funding_rate", ...events.slice(0, 93)]);
  assert.equal((await get(own, `${FUNDING}2025-04.zip`)).status, 404);

  const text = (await fetch(`${own.url}/binance-archive-list?prefix=${UM}/monthly/&max-keys=99`)).text();
  const keys = [...(await text).matchAll(/<Key>[^<]*\/([^<]*)<\/Key>/g)].map(([, name]) => name);
  const both = (name: string) => [`${name}.zip`, `${name}.zip.CHECKSUM`];
  assert.deepEqual(keys, [
    ...["01", "02", "03"].flatMap((month) => both(`ETHUSDT-fundingRate-2025-${month}`)),
    ...["02", "03"].flatMap((month) => both(`ETHUSDT-1d-2025-${month}`)),
  ]);
  own.setNow(Date.UTC(2025, 2, 31));
  assert.equal(own.handle(`/binance-archive/${um("03")}`).status, 404, "a month that is not over");
});
