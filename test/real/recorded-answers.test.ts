// Bodies as the venues sent them, from a server on the loopback address: what becomes of each in the client, and of
// the refusals on the command line.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { SourceError } from "../../src/core/errors.ts";
import type { Series } from "../../src/core/series.ts";
import { BINANCE_FUTURES, BINANCE_US, type Endpoint } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { type Handler, type Listening, listen, type Reply } from "../fakes/rest-venue.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";
import { candlelake, folder, isoOf, read, real, scratch, type Work } from "./corpus.ts";

const CAPTURE = "json/binance_us/klines_BTCUSDT_1h_limit200_2025-12-07_2025-12-15.json";
const ERRORS = "json/errors";
const SPOT: Series = { kind: "klines", venue: "binance-us", market: "spot", symbol: "BTCUSDT", step: "1h" };
/** Milliseconds; "banned until" in the body of the 418. */
const BANNED_UNTIL = 1_660_090_423_228;

/** A recorded refusal: the status that its name says, and its body as it came. */
function recorded(file: string): Reply {
  const [, status, , type] = /^http_(\d{3})_(.+)\.body\.(json|html)$/.exec(file) ?? [];
  const beside = file.replace(/\.body\.\w+$/, ".headers.txt");
  const lines = readdirSync(join(folder, ERRORS)).includes(beside) ? read(`${ERRORS}/${beside}`).toString() : "";
  const headers = [...lines.matchAll(/^(?!HTTP)([\w-]+): (.+)$/gm)].map(([, name, value]) => [name, value]);
  return {
    status: Number(status),
    headers: { "content-type": type === "html" ? "text/html" : "application/json", ...Object.fromEntries(headers) },
    body: read(`${ERRORS}/${file}`),
  };
}

interface Scene extends AsyncDisposable {
  readonly server: Listening;
  readonly source: BinanceRest;
  readonly clock: VirtualClock;
  /** When each request came, in milliseconds after the start. */
  readonly arrivals: readonly number[];
}

/** A client whose waits take no time, and a server that dates its answers by the client's clock. */
async function scene(endpoint: Endpoint, start: number, handler: Handler): Promise<Scene> {
  const clock = new VirtualClock(start);
  const arrivals: number[] = [];
  const server = await listen(async (asked) => {
    arrivals.push(clock.now() - start);
    const reply = await handler(asked);
    return { ...reply, headers: { date: new Date(clock.now()).toUTCString(), ...reply.headers } };
  });
  const source = new BinanceRest({ endpoint, base: server.base, clock });
  return { server, source, clock, arrivals, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const refused = async (from: BinanceRest): Promise<SourceError> => {
  const error = await from.first(SPOT).then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SourceError);
  assert.ok(error.message.includes(from.host), error.message);
  return error;
};

real("418: banned until the time that its words name, and nothing more is asked before", async () => {
  // A whole second, as the server's Date header tells it.
  const start = Math.floor(BANNED_UNTIL / 1000 - 3600) * 1000;
  await using at = await scene(BINANCE_US, start, () => recorded("http_418_spot_ip_banned.body.json"));
  const error = await refused(at.source);
  assert.equal(error.code, "banned");
  assert.ok(error.message.includes(isoOf(BANNED_UNTIL)), error.message);
  assert.equal(error.retryAfter, BANNED_UNTIL - start);
  assert.equal((await refused(at.source)).code, "banned");
  assert.equal(at.arrivals.length, 1);
});

for (const file of ["http_429_spot_weight.body.json", "http_429_fapi_rate.body.json"]) {
  real(`429, ${file}: a pause until the minute is over, then the rows`, async () => {
    const start = Date.UTC(2025, 11, 15, 23, 10, 20);
    let asked = 0;
    await using at = await scene(BINANCE_US, start, ({ path }) => {
      if (path.endsWith("/time")) return { body: JSON.stringify({ serverTime: start }) };
      return asked++ === 0 ? recorded(file) : { body: read(CAPTURE) };
    });
    let rows = 0;
    const range = { from: Date.UTC(2025, 11, 7, 16), to: Date.UTC(2025, 11, 15, 23) };
    for await (const { batch, broken } of at.source.read(SPOT, range)) rows += batch.rows + broken.length;
    assert.equal(rows, 200);
    assert.deepEqual([at.arrivals[0], at.arrivals[1]], [0, 0]);
    assert.ok((at.arrivals[2] ?? 0) >= 39_000, "the third request waited");
    assert.equal(at.source.usage.retries, 1);
  });
  real(`429 again and again, ${file}: given up by its name`, async () => {
    await using at = await scene(BINANCE_US, Date.UTC(2025, 11, 15), () => recorded(file));
    const error = await refused(at.source);
    assert.deepEqual([error.code, error.retryable], ["rate-limited", true]);
    assert.equal(at.arrivals.length, 5);
  });
}

real("403: a page of the firewall is no JSON, and the host is left alone", async () => {
  await using at = await scene(BINANCE_US, 0, () => recorded("http_403_cloudfront.body.html"));
  assert.deepEqual([(await refused(at.source)).code, (await refused(at.source)).code], ["forbidden", "forbidden"]);
  assert.equal(at.arrivals.length, 1);
});

/** `ingest` against a server that answers everything alike. */
async function ingest(reply: Reply, topic: string, ...args: string[]) {
  const asked: string[] = [];
  await using server = await listen(({ path }) => {
    asked.push(path);
    return reply;
  });
  const settings = { CANDLELAKE_BINANCE_US_REST: server.base, CANDLELAKE_BINANCE_FUTURES_REST: server.base };
  const cwd = scratch();
  const line = ["ingest", topic, "--symbol", "BTCUSDT", "--date", "2025-01-01", ...args, "--format", "json"];
  const { code, stdout, stderr } = await candlelake(line, cwd, settings);
  const stored = readdirSync(cwd, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".parquet"));
  assert.deepEqual(stored, []);
  return { code, answer: JSON.parse(stdout) as Work, stderr, asked, host: new URL(server.base).host };
}

real("451: the place is blocked; the host is named, asked once, and no other takes its place", async () => {
  const spot = await ingest(recorded("http_451_restricted_location.body.json"), "spot");
  assert.deepEqual([spot.code, spot.asked.length], [1, 1]);
  assert.equal(spot.answer.ok, false);
  assert.deepEqual(
    spot.answer.steps.map(({ status, error }) => [status, error?.code]),
    [["deferred", "geo-blocked"]],
  );
  assert.ok(spot.answer.error?.message.includes(spot.host));
  assert.ok(spot.stderr.includes(spot.host));
});

real("400 -1121: an unknown symbol fails its step, and says so", async () => {
  const { code, answer, asked } = await ingest(recorded("http_400_invalid_symbol.body.json"), "spot");
  assert.equal(code, 4);
  assert.deepEqual(
    answer.steps.map(({ status, error }) => [status, error?.code]),
    [["failed", "unknown-symbol"]],
  );
  assert.ok(asked.length <= 2, "it is not asked for again and again");
});

const HISTORY = "/futures/data/openInterestHist";

real("open interest as it came, with a field that nobody asked for", async () => {
  const body = read("json/fapi/openInterestHist_BTCUSDT_5m_3rows_2026-09-07.json");
  const rows: Record<string, string | number>[] = JSON.parse(body.toString());
  const last = Number(rows.at(-1)?.["timestamp"]);
  await using at = await scene(BINANCE_FUTURES, last + 1000, ({ path }) =>
    path === HISTORY ? { body } : { body: JSON.stringify({ serverTime: last + 1000 }) },
  );
  const series: Series = { kind: "open-interest", venue: "binance", market: "um", symbol: "BTCUSDT", step: "5m" };
  const found: unknown[] = [];
  for await (const { batch, broken, unpublished } of at.source.read(series, { from: last - 600_000, to: last + 1 })) {
    const [time, amount, value] = batch.columns.map((column) => ("values" in column ? [...column.values] : []));
    for (let i = 0; i < batch.rows; i++) found.push([time?.[i], amount?.[i], value?.[i]]);
    assert.deepEqual([broken, unpublished], [[], []]);
  }
  assert.deepEqual(
    found,
    rows.map((row) => [
      Number(row["timestamp"]) * 1000,
      Number(row["sumOpenInterest"]),
      Number(row["sumOpenInterestValue"]),
    ]),
  );
});

real("open interest of a symbol that the venue does not know: 200 and nothing, told from no data", async () => {
  const cwd = scratch();
  const now = Date.UTC(2026, 8, 7);
  await using server = await listen(({ path }) => {
    if (path === HISTORY) return { body: read("json/fapi/openInterestHist_unknown_symbol_http200_empty.json") };
    if (path.endsWith("/time")) return { body: JSON.stringify({ serverTime: now }) };
    return recorded("http_400_invalid_symbol.body.json");
  });
  const settings = { CANDLELAKE_BINANCE_FUTURES_REST: server.base };
  const line = ["ingest", "open-interest", "--symbol", "NOSUCH", "--date", "2026-09-06", "--format", "json"];
  const { code, stdout } = await candlelake(line, cwd, settings);
  const { steps }: Work = JSON.parse(stdout);
  assert.equal(code, 4);
  assert.deepEqual(
    steps.map(({ status, error }) => [status, error?.code]),
    [["failed", "unknown-symbol"]],
  );
});
