// Genuine files of the bulk archive, with the checksums that were published, through the whole chain.
import assert from "node:assert/strict";
import { after } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { sumOf, unpack } from "../fakes/archive-files.ts";
import {
  absent,
  assertRows,
  candleOf,
  fieldsOf,
  folder,
  isoOf,
  Lake,
  monthlySums,
  read,
  real,
  type Status,
  sumsOf,
  tally,
} from "./corpus.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Daily files of the day before are out, and April's monthly ones; May's are not. */
const NOW = Date.UTC(2026, 4, 10, 9);
const BTC = ["--symbol", "BTCUSDT"] as const;
const DAYS = ["2020-01-01", "2020-01-02", "2020-01-03"];
const MINUTES = ["ingest", "spot", "--venue", "binance", ...BTC, "--interval", "1m"] as const;
const THREE_DAYS = ["--from", "2020-01-01", "--to", "2020-01-04"] as const;
const HOURS = ["ingest", "spot", "--venue", "binance", ...BTC, "--interval", "1h", "--date", "2026-05-08"] as const;

/** A genuine file's text and the hash that was published beside it. */
function genuine(key: string): { text: string; sha256: string } {
  const zip = read(`vision/${key}`);
  const sha256 = sumOf(zip);
  assert.equal(read(`vision/${key}.CHECKSUM`).toString().slice(0, 64), sha256);
  const [member, ...others] = unpack(zip);
  assert.deepEqual(others, []);
  return { text: member?.text ?? "", sha256 };
}

const minuteFile = (day: string) => genuine(`data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-${day}.zip`);

const twin: Twin | undefined = absent ? undefined : await startTwin({ replay: folder, now: NOW });
after(() => twin?.close());
const newLake = (): Lake => new Lake(twin?.settings ?? {});
const zipsAsked = () =>
  twin?.requests
    .filter(({ path, status }) => path.endsWith(".zip") && status === 200)
    .map(({ path }) => path.slice(path.lastIndexOf("/") + 1));

real("three days of minutes in milliseconds: no month is there, so days are taken", async () => {
  const files = DAYS.map(minuteFile);
  const lines = files.flatMap(({ text }) => fieldsOf(text));
  assert.equal(lines.length, 3 * 1440);
  assert.ok(lines.every(([time], i) => Number(time) === Date.UTC(2020, 0, 1) + i * MINUTE));

  const lake = newLake();
  const done = await lake.json(...MINUTES, ...THREE_DAYS);
  assert.deepEqual(tally(done, "fetch", "spot_klines"), { rows: 4320, done: 3 });
  assert.ok(done.steps.every(({ source, gaps }) => source === "archive-daily" && gaps.length === 0));
  await lake.json("load");
  const of = { interval: "1m", symbol: "BTCUSDT", venue: "binance", source: "archive-daily" };
  assertRows(
    await lake.query("SELECT * FROM spot_klines ORDER BY open_time"),
    lines.map((fields) => candleOf(fields, of)),
  );
  assert.deepEqual(await lake.query(monthlySums("spot_klines")), sumsOf(lines).rows);

  const { archives, partitions } = lake.manifest("spot_klines/binance_btcusdt_spot_1m_2020-01.json");
  const name = (day: string) => `BTCUSDT-1m-${day}.zip`;
  const facts = files.map(({ sha256 }, i) => [name(DAYS[i] ?? ""), { sha256, unit: "ms", header: false }]);
  assert.deepEqual(archives, Object.fromEntries(facts));
  assert.deepEqual(
    Object.entries(partitions).map(([day, entry]) => [day, entry.archives, entry.source]),
    DAYS.map((day) => [day, [name(day)], "archive-daily"]),
  );
  await lake.idle(...MINUTES, ...THREE_DAYS);
});

real("a day of hours in microseconds, and a month of funding with its header", async () => {
  const hours = genuine("data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2026-05-08.zip");
  const lines = fieldsOf(hours.text);
  assert.ok(lines.every(([time], i) => Number(time) === 1000 * (Date.UTC(2026, 4, 8) + i * HOUR)));
  const april = genuine("data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip");
  assert.match(april.text, /^calc_time,funding_interval_hours,last_funding_rate\n/);
  const events = fieldsOf(april.text);
  assert.deepEqual([lines.length, events.length], [24, 90]);

  const lake = newLake();
  const day = await lake.json(...HOURS);
  assert.deepEqual(
    day.steps.map(({ source, because, rows }) => [source, because, rows]),
    [["archive-daily", "the day's file is out, the month's is not", 24]],
  );
  const funding = ["ingest", "funding", ...BTC, "--date", "2026-04"] as const;
  const month = await lake.json(...funding);
  assert.deepEqual(tally(month, "fetch", "funding_rates"), { rows: 90, done: 30 });
  assert.ok(month.steps.every(({ source }) => source === "archive-monthly"));
  await lake.json("load");

  const of = { interval: "1h", symbol: "BTCUSDT", venue: "binance", source: "archive-daily" };
  assertRows(
    await lake.query("SELECT * FROM spot_klines ORDER BY open_time"),
    lines.map((fields) => candleOf(fields, of)),
  );
  assertRows(
    await lake.query("SELECT * FROM funding_rates ORDER BY funding_time"),
    events.map(([time, length, rate]) => ({
      funding_time: isoOf(Number(time)),
      funding_rate: Number(rate),
      interval_hours: Number(length),
      mark_price: null,
      symbol: "BTCUSDT",
      venue: "binance",
      source: "archive-monthly",
    })),
  );
  assert.deepEqual(lake.manifest("spot_klines/binance_btcusdt_spot_1h_2026-05.json").archives, {
    "BTCUSDT-1h-2026-05-08.zip": { sha256: hours.sha256, unit: "us", header: false },
  });
  assert.deepEqual(lake.manifest("funding_rates/binance_btcusdt_um_funding_2026-04.json").archives, {
    "BTCUSDT-fundingRate-2026-04.zip": { sha256: april.sha256, unit: "ms", header: true },
  });
  await lake.idle(...HOURS);
  await lake.idle(...funding);
});

real("the archive alone is enough: no REST, its clock and its beginnings", async () => {
  const before = twin?.requests.length ?? 0;
  const lake = newLake();
  const done = await lake.json(...MINUTES, ...THREE_DAYS, "--source", "archive");
  assert.deepEqual(tally(done, "fetch", "spot_klines"), { rows: 4320, done: 3 });
  const hosts = new Set(twin?.requests.slice(before).map(({ host }) => host));
  assert.deepEqual([...hosts].sort(), ["binance-archive", "binance-archive-list"]);
  const { series } = await lake.json<Status>("status");
  assert.deepEqual(
    series.map(({ from, watermark, rows, gaps }) => [from, watermark, rows, gaps]),
    [["2020-01-01T00:00:00.000Z", "2020-01-04T00:00:00.000Z", 4320, []]],
  );
});

real("archive and REST of the same days are the same rows, byte for byte but for where they are from", async () => {
  const [archive, rest] = [newLake(), newLake()];
  for (const command of [[...MINUTES, ...THREE_DAYS], HOURS]) {
    await archive.json(...command);
    await rest.json(...command, "--source", "rest");
  }
  for (const path of ["binance_btcusdt_spot_1m_2020-01.json", "binance_btcusdt_spot_1h_2026-05.json"]) {
    const contents = (lake: Lake) =>
      Object.entries(lake.manifest(`spot_klines/${path}`).partitions).map(([day, { content }]) => [day, content]);
    assert.deepEqual(contents(archive), contents(rest));
  }
  const columns = "* EXCLUDE (source)";
  const rows = (lake: Lake) =>
    lake.query(`SELECT ${columns} FROM spot_klines ORDER BY "interval", open_time`, "--lake");
  assertRows(await rows(archive), await rows(rest));
});

real("archives that are kept are read from there the next time", async () => {
  const lake = newLake();
  const keep = ["--keep-archives", "kept"] as const;
  await lake.json(...MINUTES, ...THREE_DAYS, ...keep);
  const before = zipsAsked()?.length;
  await lake.json(...MINUTES, ...THREE_DAYS, ...keep, "--data", "other");
  assert.equal(zipsAsked()?.length, before);
  const [same, other] = await Promise.all(
    ["data", "other"].map((data) => lake.query(monthlySums("spot_klines"), "--lake", "--data", data)),
  );
  assert.deepEqual(other, same);
});
