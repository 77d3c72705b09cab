// USD-M candles with funding and open interest, collected while the venue had them, and looked up at every close.
import assert from "node:assert/strict";
import { after } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { sumOf } from "../fakes/archive-files.ts";
import {
  assertRows,
  candleOf,
  fieldsOf,
  folder,
  type Gap,
  isoOf,
  Lake,
  monthlySums,
  read,
  real,
  type Status,
  sumsOf,
  tally,
} from "./corpus.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2025, 0, 1);
const END = Date.UTC(2026, 7, 1);
const WIDTH = 4 * HOUR;
/** A noon at which the venue still keeps all open interest that was recorded. */
const NOON = Date.UTC(2026, 2, 20, 12);
const SERIES = ["--symbol", "BTCUSDT", "--interval", "1h", "--period", "4h"] as const;
const INGEST = ["ingest", "futures", ...SERIES, "--from", "2025-01"] as const;
const REST = ["--source", "rest"] as const;

/**
 * Where rows are from that were read at noon, before March was over, and again when July had just ended: the recordings
 * have files of months, none of days.
 */
const sourceAt = (time: number): string => {
  const isMarch = time >= Date.UTC(2026, 2, 1) && time < Date.UTC(2026, 2, 20);
  return isMarch || time >= Date.UTC(2026, 6, 1) ? "rest" : "archive-monthly";
};

/** The venue keeps thirty days of open interest. */
const horizonAt = (now: number): number => now - 30 * DAY;

function corpus() {
  const candles = fieldsOf(read("csv/um/BTCUSDT-1h.csv").toString());
  const funding = fieldsOf(read("csv/um/BTCUSDT-funding.csv").toString()).map(([time, hours, rate]) => ({
    time: Number(time),
    hours: Number(hours),
    rate: Number(rate),
  }));
  const openInterest = fieldsOf(read("csv/um/BTCUSDT-oi-4h.csv").toString()).map(([time, , amount, value]) => ({
    time: Number(time),
    amount: Number(amount),
    value: Number(value),
  }));
  return { candles, funding, openInterest };
}

/** The last of `events` at or before `time` that is not older than `timeToLive`. */
function known<T extends { readonly time: number }>(events: readonly T[], time: number, timeToLive: number) {
  const last = events.findLast((event) => event.time <= time);
  return last && time - last.time <= timeToLive ? last : undefined;
}

/** What `futures_metrics` has to hold. */
function metricsOf({ candles, funding, openInterest }: ReturnType<typeof corpus>) {
  return candles.map((fields) => {
    const close = Number(fields[6]);
    const interest = known(openInterest, close, 2 * WIDTH);
    const settled = known(funding, close, 2 * 8 * HOUR);
    return {
      ...candleOf(fields, { interval: "1h", symbol: "BTCUSDT", venue: "binance", source: "derived" }),
      open_interest: interest?.amount ?? null,
      funding_rate: settled?.rate ?? null,
      open_interest_value: interest?.value ?? null,
      open_interest_time: interest ? isoOf(interest.time) : null,
      funding_time: settled ? isoOf(settled.time) : null,
    };
  });
}

/** Stamps of open interest that are missing, as runs of one class. */
function openInterestGaps(times: ReadonlySet<number>): Gap[] {
  const gaps: Gap[] = [];
  for (let time = FROM; time < END; time += WIDTH) {
    if (times.has(time)) continue;
    // A day is settled when it was read after its end, and is not read again then.
    const readAt = time < Math.floor(NOON / DAY) * DAY ? NOON : END;
    const kind = time < horizonAt(readAt) ? "not-published" : "unknown";
    const last = gaps.at(-1);
    const joins = last?.class === kind && last.to === isoOf(time);
    if (joins) gaps.pop();
    gaps.push({
      from: joins ? last.from : isoOf(time),
      to: isoOf(time + WIDTH),
      class: kind,
      bars: joins ? last.bars + 1 : 1,
    });
  }
  return gaps;
}

/** Nineteen months in a lake and its warehouse, every row compared with the files. */
async function nineteenMonths(lake: Lake, twin: Twin, way: (time: number) => string, ...flags: string[]) {
  const { candles, funding, openInterest } = corpus();
  const early = await lake.json(...INGEST, ...flags);
  assert.equal(tally(early, "fetch", "futures_klines")["rows"], (NOON - FROM) / HOUR);
  assert.equal(tally(early, "fetch", "open_interest")["rows"], 168);
  assert.equal(tally(early, "derive", "futures_metrics")["rows"], (NOON - FROM) / HOUR);

  // Months later the venue has forgotten the open interest; the lake has not.
  twin.setNow(END);
  await lake.json(...INGEST, ...flags);
  const loaded = await lake.json("load");
  assert.deepEqual(tally(loaded, "load", "futures_metrics"), { rows: 13_848, done: 19 });
  assert.deepEqual(tally(loaded, "load", "funding_rates"), { rows: 1731, done: 19 });
  assert.deepEqual(tally(loaded, "load", "open_interest"), { rows: 168, done: 2 });

  const expected = metricsOf({ candles, funding, openInterest });
  assertRows(await lake.query("SELECT * FROM futures_metrics ORDER BY open_time"), expected);
  assertRows(
    await lake.query("SELECT open_time, source FROM futures_klines ORDER BY open_time", "--lake"),
    candles.map(([time]) => ({ open_time: isoOf(Number(time)), source: way(Number(time)) })),
  );
  const lastStamp = openInterest.at(-1)?.time ?? 0;
  const withInterest = expected.filter((row) => row.open_interest !== null);
  assert.equal(withInterest.length, 168 * 4 + 4, "open interest lives for two periods");
  assert.equal(withInterest.at(-1)?.ts, isoOf(lastStamp + 2 * WIDTH - 1));
  assert.ok(expected.every((row) => row.funding_rate !== null));

  assertRows(
    await lake.query("SELECT * FROM funding_rates ORDER BY funding_time"),
    funding.map(({ time, hours, rate }, i) => ({
      funding_time: isoOf(time),
      funding_rate: rate,
      // The file says how long it was since the event before; REST has none before the first.
      // The venue of the replay knows of none before it.
      interval_hours: i === 0 ? null : hours,
      mark_price: null,
      symbol: "BTCUSDT",
      venue: "binance",
      source: way(time),
    })),
  );
  assertRows(
    await lake.query("SELECT * FROM open_interest ORDER BY time"),
    openInterest.map(({ time, amount, value }) => ({
      time: isoOf(time),
      open_interest: amount,
      open_interest_value: value,
      period: "4h",
      symbol: "BTCUSDT",
      venue: "binance",
      // The archive has open interest of five minutes alone.
      source: "rest",
    })),
  );

  const sums = sumsOf(candles);
  assert.deepEqual(sums.inexact, {});
  assert.deepEqual(await lake.query(monthlySums("futures_metrics")), sums.rows);
  assert.deepEqual(
    await lake.query("SELECT count(*) AS n, sum(num_trades)::BIGINT AS trades FROM futures_klines", "--lake"),
    [{ n: candles.length, trades: candles.reduce((sum, fields) => sum + Number(fields[8]), 0) }],
  );
  // Two hours of which the archive and REST tell different volumes: these are the file's.
  const disputed = "'2025-01-14 13:00:00+00', '2025-01-14 15:00:00+00'";
  const [thirteen, fifteen] = await lake.query(
    `SELECT volume FROM futures_metrics WHERE open_time IN (${disputed}) ORDER BY open_time`,
  );
  const volumeAt = (hour: number) => candles.find(([time]) => Number(time) === Date.UTC(2025, 0, 14, hour))?.[5];
  assert.deepEqual([thirteen?.["volume"], volumeAt(13)], [19827.845, "19827.845"]);
  assert.equal(fifteen?.["volume"], Number(volumeAt(15)));

  const { series } = await lake.json<Status>("status");
  const gaps = new Map(series.map(({ table, gaps: found }) => [table, found]));
  assert.deepEqual(gaps.get("futures_klines"), []);
  assert.deepEqual(gaps.get("funding_rates"), []);
  assert.deepEqual(gaps.get("futures_metrics"), []);
  assert.deepEqual(gaps.get("open_interest"), openInterestGaps(new Set(openInterest.map(({ time }) => time))));

  await lake.idle(...INGEST, ...flags);
  await lake.idle("load");
}

real("nineteen months of futures: candles, funding, open interest, and what was known at each close", async () => {
  const { candles, funding, openInterest } = corpus();
  assert.deepEqual([candles.length, funding.length, openInterest.length], [13_848, 1731, 168]);
  assert.ok(candles.every(([time], i) => Number(time) === FROM + i * HOUR));

  const twin = await startTwin({ replay: folder, now: NOON });
  after(() => twin.close());
  const lake = new Lake(twin.settings);
  await nineteenMonths(lake, twin, sourceAt);
  // Files that are not there are told so, and nothing else is refused.
  const refused = twin.requests.filter(({ status }) => status !== 200);
  assert.ok(refused.every(({ host, status }) => host?.startsWith("binance-archive") && status === 404));
});

real("the same nineteen months over REST", async () => {
  const twin = await startTwin({ replay: folder, now: NOON });
  after(() => twin.close());
  await nineteenMonths(new Lake(twin.settings), twin, () => "rest", ...REST);
  assert.ok(twin.requests.every(({ status }) => status === 200));
  assert.deepEqual([...new Set(twin.requests.map(({ host }) => host))], ["binance-futures"]);
});

real("open interest that the venue no longer keeps is NULL, and the answer says why", async () => {
  const twin = await startTwin({ replay: folder, now: END });
  after(() => twin.close());
  const lake = new Lake(twin.settings);
  const args = ["ingest", "futures", ...SERIES, "--from", "2026-03-01", "--to", "2026-03-04"];
  const done = await lake.json(...args);
  assert.deepEqual(tally(done, "fetch", "open_interest"), { rows: 0, done: 3 });
  assert.deepEqual(
    done.steps.filter(({ table }) => table === "open_interest").flatMap(({ gaps }) => gaps),
    ["2026-03-01", "2026-03-02", "2026-03-03"].map((day) => ({
      from: `${day}T00:00:00.000Z`,
      to: isoOf(Date.parse(day) + DAY),
      class: "not-published",
      bars: 6,
    })),
  );
  const { candles, funding } = corpus();
  const [from, to] = [Date.UTC(2026, 2, 1), Date.UTC(2026, 2, 4)];
  const expected = metricsOf({ candles, funding, openInterest: [] }).slice((from - FROM) / HOUR, (to - FROM) / HOUR);
  assertRows(await lake.query("SELECT * FROM futures_metrics ORDER BY open_time", "--lake"), expected);
  const { stdout } = await lake.run(...args, "--force");
  assert.match(stdout, /open_interest .*: 18 rows missing, .*not.published/);
  assert.match(stdout, /futures_metrics has NULL open interest there/);
});

real("a month of futures minutes: bars without a trade are kept and noted", async () => {
  const lines = fieldsOf(read("csv/um_1m/ALGOUSDT-1m-2023-02.csv").toString());
  const quiet = lines.filter(([, , , , , volume]) => Number(volume) === 0);
  assert.deepEqual([lines.length, quiet.length], [28 * 1440, 13]);

  const twin = await startTwin({ replay: folder });
  after(() => twin.close());
  const lake = new Lake(twin.settings);
  const month = ["--symbol", "ALGOUSDT", "--interval", "1m", "--from", "2023-02", "--to", "2023-03"];
  const done = await lake.json("ingest", "futures", ...month);
  assert.deepEqual(tally(done, "fetch", "futures_klines"), { rows: 40_320, done: 28 });
  assert.ok(done.steps.every(({ table, gaps }) => table === "open_interest" || gaps.length === 0));
  assert.deepEqual(tally(await lake.json("load", "futures"), "load", "futures_metrics"), { rows: 40_320, done: 1 });

  const of = { interval: "1m", symbol: "ALGOUSDT", venue: "binance", source: "archive-monthly" };
  assertRows(
    await lake.query("SELECT * FROM futures_klines ORDER BY open_time", "--lake"),
    lines.map((fields) => candleOf(fields, of)),
  );
  assert.deepEqual(await lake.query(monthlySums("futures_metrics")), sumsOf(lines).rows);
  const [count] = await lake.query(
    "SELECT count(*) AS n, count(funding_rate) + count(open_interest) AS known FROM futures_metrics WHERE volume = 0",
  );
  assert.deepEqual(count, { n: 13, known: 0 });

  const manifest = lake.manifest("futures_klines/binance_algousdt_um_1m_2023-02.json");
  const zip = twin.handle("/binance-archive/data/futures/um/monthly/klines/ALGOUSDT/1m/ALGOUSDT-1m-2023-02.zip").body;
  assert.deepEqual(manifest.archives, { "ALGOUSDT-1m-2023-02.zip": { sha256: sumOf(zip), unit: "ms", header: true } });
  const notes = Object.entries(manifest.partitions).flatMap(([day, entry]) =>
    entry.notes.map(({ kind, count: bars }) => [day, kind, bars]),
  );
  const days = Map.groupBy(quiet, ([time]) => isoOf(Number(time)).slice(0, 10));
  assert.deepEqual(
    notes,
    [...days].map(([day, bars]) => [day, "zero-volume", bars.length]),
  );
  await lake.idle("ingest", "futures", ...month);
  await lake.idle("load");
});
