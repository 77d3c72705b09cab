// Reads three years of USD-M 1m candles over REST from a venue in the process.
//   node bench/rest.ts
// With the venue's limits, on a clock that skips every wait: how near the reading comes to what the limits allow.
// Without limits, on the machine's clock: how near it comes to the bare decoder.

import type { Series } from "../src/core/series.ts";
import { DAY, MINUTE, SECOND } from "../src/core/time.ts";
import { FUTURES_KLINES } from "../src/market/klines.ts";
import type { Answer, Transport } from "../src/net/transport.ts";
import { BINANCE_FUTURES } from "../src/sources/binance/endpoints.ts";
import { decodeKlines } from "../src/sources/binance/kline.ts";
import { BinanceRest } from "../src/sources/binance/rest.ts";
import { VirtualClock } from "../test/fakes/virtual-clock.ts";

const FROM = Date.UTC(2023, 0, 1);
const TO = Date.UTC(2026, 0, 1);
const SERIES: Series = { kind: "klines", venue: "binance", market: "um", symbol: "BTCUSDT", step: "1m" };
const { klines, allowance } = BINANCE_FUTURES;

/** A row without its times, in the venue's usual length. */
const REST_OF_ROW =
  '"94581.10","94600.00","94571.30","94590.20","183.427",CLOSE,"17349201.48210",3121,"91.204","8626310.77120","0"]';

/** The answer to a request for candles: every minute has one. */
function body(url: URL): Uint8Array {
  const from = Number(url.searchParams.get("startTime"));
  const to = Number(url.searchParams.get("endTime"));
  const rows: string[] = [];
  for (let open = from; open <= to && rows.length < Number(url.searchParams.get("limit")); open += MINUTE) {
    rows.push(`[${open},${REST_OF_ROW.replace("CLOSE", String(open + MINUTE - 1))}`);
  }
  return Buffer.from(`[${rows.join(",")}]`);
}

/** A venue that counts weight by its own clock's minutes and answers 429 to what is too much. */
class StrictVenue {
  refused = 0;
  most = 0;
  #minute = 0;
  #used = 0;
  readonly #clock: VirtualClock;
  readonly #ahead: number;
  readonly #latency: number;

  /** @param ahead how far its clock is ahead of ours; @param latency one way, both in milliseconds */
  constructor(clock: VirtualClock, ahead: number, latency: number) {
    this.#clock = clock;
    this.#ahead = ahead;
    this.#latency = latency;
  }

  readonly transport: Transport = async (address, { signal }) => {
    await this.#clock.sleep(this.#latency, signal);
    const answer = this.#answer(new URL(address));
    await this.#clock.sleep(this.#latency, signal);
    return answer;
  };

  #answer(url: URL): Answer {
    const now = this.#clock.now() + this.#ahead;
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.#minute) [this.#minute, this.#used] = [minute, 0];
    const isTime = url.pathname.endsWith("/time");
    this.#used += isTime ? 1 : klines.weight(Number(url.searchParams.get("limit")));
    this.most = Math.max(this.most, this.#used);
    const headers = { date: new Date(now).toUTCString(), "x-mbx-used-weight-1m": String(this.#used) };
    if (this.#used > allowance.weight) {
      this.refused++;
      return { status: 429, headers, body: Buffer.from('{"code":-1003,"msg":"Too many requests."}') };
    }
    return { status: 200, headers, body: isTime ? Buffer.from(`{"serverTime":${now}}`) : body(url) };
  }
}

async function readAll(source: BinanceRest, to: number): Promise<number> {
  let rows = 0;
  for await (const page of source.read(SERIES, { from: FROM, to })) rows += page.batch.rows;
  return rows;
}

async function withLimits(latency: number): Promise<void> {
  const start = Date.UTC(2026, 5, 1, 12, 0, 41);
  const clock = new VirtualClock(start);
  const venue = new StrictVenue(clock, 7300, latency);
  const source = new BinanceRest({ endpoint: BINANCE_FUTURES, clock, transport: venue.transport });
  const rows = await readAll(source, TO);
  const took = (clock.now() - start) / SECOND;
  const weight = Math.ceil(rows / klines.limit) * klines.weight(klines.limit);
  const allowed = (weight / allowance.weight) * (allowance.window / SECOND);
  console.log(
    `limits, ${2 * latency} ms there and back: ${rows} rows, ${source.usage.requests} requests, ${took.toFixed(1)} s of virtual time; ` +
      `${weight} weight take ${allowed.toFixed(1)} s: ${(took / allowed).toFixed(3)} of it; ` +
      `most in a minute ${venue.most} of ${allowance.weight}, refused ${venue.refused}`,
  );
}

async function withoutLimits(): Promise<void> {
  const to = FROM + 180 * DAY;
  const bodies = new Map<string, Uint8Array>();
  const free = { ...BINANCE_FUTURES, allowance: { weight: 1e9, window: MINUTE } };
  const transport: Transport = async (address) => {
    const url = new URL(address);
    if (url.pathname.endsWith("/time")) return { status: 200, headers: {}, body: Buffer.from(`{"serverTime":${TO}}`) };
    let answer = bodies.get(url.search);
    if (!answer) {
      answer = body(url);
      bodies.set(url.search, answer);
    }
    return { status: 200, headers: {}, body: answer };
  };
  const labels = { interval: "1m", symbol: "BTCUSDT", venue: "binance", source: "rest" };
  const decode = () => {
    let rows = 0;
    for (const answer of bodies.values()) {
      rows += decodeKlines(answer, FUTURES_KLINES, labels, "", klines.limit).batch.rows;
    }
    return rows;
  };
  const read = () => readAll(new BinanceRest({ endpoint: free, transport }), to);
  const rate = async (work: () => number | Promise<number>) => {
    const before = performance.now();
    const rows = await work();
    return rows / ((performance.now() - before) / SECOND);
  };
  const median = (rates: number[]) => rates.sort((a, b) => a - b)[Math.floor(rates.length / 2)] as number;
  await read();
  decode();
  const [whole, bare]: [number[], number[]] = [[], []];
  for (let i = 0; i < 9; i++) {
    whole.push(await rate(read));
    bare.push(await rate(decode));
  }
  const millions = (rate: number) => `${(rate / 1e6).toFixed(2)} M rows/s`;
  console.log(
    `no limits: ${millions(median(whole))} read, ${millions(median(bare))} bare decoder: ${(median(whole) / median(bare)).toFixed(2)} of it`,
  );
}

for (const latency of [20, 100, 180]) await withLimits(latency);
await withoutLimits();
