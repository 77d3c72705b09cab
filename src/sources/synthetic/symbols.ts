import type { Market } from "../../core/series.ts";
import { DAY, MINUTE } from "../../core/time.ts";
import { streamOf, uniform } from "./hash.ts";

/** One made market of one symbol. Its prices are whole ticks and its volumes whole lots, so that sums are exact. */
export interface Instrument {
  readonly symbol: string;
  readonly market: Market;
  /** Typical price in the quote asset. */
  readonly level: number;
  /** A price's standard deviation over one minute, as a fraction. */
  readonly volatility: number;
  /** Typical turnover of a minute in the quote asset. */
  readonly turnover: number;
  /** One tick is 10^-tick of the quote asset. */
  readonly tick: number;
  /** One lot is 10^-lot of the base asset. */
  readonly lot: number;
  /** Milliseconds; the open time of the first minute. */
  readonly listed: number;
  /** Hours between funding events. */
  readonly fundingHours: number;
  /** Whole number; another seed is another market. */
  readonly seed: number;
}

/** The seed of everybody's made market. */
export const SEED = 20_170_817;

/** Decimals of tick and lot, and the first minute. */
type Step = readonly [tick: number, lot: number, listed: string];
type Entry = readonly [level: number, volatility: number, turnover: number, spot: Step, um: Step];

/** Real names with made prices; ticks, lots and listing times are near the venue's. */
const TABLE: Readonly<Record<string, Entry>> = {
  BTCUSDT: [60_000, 6e-4, 1_200_000, [2, 5, "2017-08-17T04:00Z"], [1, 3, "2019-09-08T17:57Z"]],
  ETHUSDT: [2_500, 7e-4, 700_000, [2, 4, "2017-08-17T04:00Z"], [2, 3, "2019-11-27T07:45Z"]],
  BNBUSDT: [450, 7e-4, 150_000, [2, 3, "2017-11-06T03:00Z"], [2, 2, "2020-02-10T08:00Z"]],
  LTCUSDT: [85, 8e-4, 60_000, [2, 3, "2017-12-13T03:00Z"], [2, 3, "2020-01-09T08:00Z"]],
  ADAUSDT: [0.55, 9e-4, 80_000, [4, 1, "2018-04-17T04:00Z"], [4, 0, "2020-01-31T08:00Z"]],
  XRPUSDT: [0.75, 9e-4, 150_000, [4, 0, "2018-05-04T08:00Z"], [4, 1, "2020-01-06T08:00Z"]],
  XLMUSDT: [0.18, 9e-4, 30_000, [4, 0, "2018-05-31T09:00Z"], [5, 0, "2020-01-20T08:00Z"]],
  TRXUSDT: [0.12, 7e-4, 40_000, [4, 1, "2018-06-11T11:00Z"], [5, 0, "2020-01-15T08:00Z"]],
  ETCUSDT: [26, 9e-4, 30_000, [2, 2, "2018-06-12T08:00Z"], [3, 2, "2020-01-16T08:00Z"]],
  LINKUSDT: [14, 9e-4, 60_000, [2, 2, "2019-01-16T10:00Z"], [3, 2, "2020-01-17T08:00Z"]],
  ATOMUSDT: [9, 9e-4, 25_000, [3, 2, "2019-04-29T04:00Z"], [3, 2, "2020-02-07T08:00Z"]],
  ALGOUSDT: [0.25, 9e-4, 20_000, [4, 0, "2019-06-22T00:00Z"], [4, 1, "2020-03-06T08:00Z"]],
  DOGEUSDT: [0.12, 1e-3, 200_000, [5, 0, "2019-07-05T12:00Z"], [5, 0, "2020-07-10T09:00Z"]],
  BCHUSDT: [350, 8e-4, 40_000, [1, 3, "2019-11-28T10:00Z"], [2, 3, "2019-12-11T08:00Z"]],
  SOLUSDT: [90, 1e-3, 300_000, [2, 3, "2020-08-11T06:00Z"], [3, 0, "2020-09-14T07:00Z"]],
  DOTUSDT: [8, 9e-4, 40_000, [3, 2, "2020-08-18T23:00Z"], [3, 1, "2020-08-22T07:00Z"]],
  UNIUSDT: [8, 1e-3, 30_000, [3, 2, "2020-09-17T03:00Z"], [3, 0, "2020-09-18T07:00Z"]],
  AVAXUSDT: [28, 1e-3, 60_000, [2, 2, "2020-09-22T06:30Z"], [3, 0, "2020-09-23T07:00Z"]],
  NEARUSDT: [4, 1e-3, 40_000, [3, 1, "2020-10-14T02:00Z"], [3, 0, "2020-10-15T07:00Z"]],
  FILUSDT: [6, 9e-4, 30_000, [3, 2, "2020-10-15T15:00Z"], [3, 1, "2020-10-16T07:00Z"]],
};

/** The perpetual whose funding is settled every four hours, as most real ones are by now. */
const FOUR_HOURLY = "SOLUSDT";

/** Futures turn over some times what spot does. */
const FUTURES_TURNOVER = 6;

const NUMBERED = /^SYN(?!000)(\d{3})USDT$/;

/** SYN001USDT … SYN999USDT: as many symbols as a load test wants. */
function numbered(symbol: string): Entry | undefined {
  const number = NUMBERED.exec(symbol)?.[1];
  if (number === undefined) return undefined;
  const stream = streamOf(0, symbol);
  const power = Math.floor(uniform(stream, 0) * 5) - 1;
  const level = 10 ** power * (1 + Math.floor(uniform(stream, 1) * 900) / 100);
  const listed = Date.UTC(2018, 0, 1) + (Number(number) % 100) * DAY;
  const at = (days: number): string => new Date(listed + days * DAY).toISOString();
  const turnover = 5_000 + Math.floor(uniform(stream, 2) * 40_000);
  return [level, 8e-4, turnover, [4 - power, Math.max(0, power + 1), at(0)], [4 - power, Math.max(0, power), at(730)]];
}

/** The made market of a symbol; undefined where the made venue does not know the symbol. */
export function instrument(market: Market, symbol: string, seed = SEED): Instrument | undefined {
  const entry = Object.hasOwn(TABLE, symbol) ? TABLE[symbol] : numbered(symbol);
  if (!entry) return undefined;
  const [level, volatility, turnover, spot, um] = entry;
  const [tick, lot, listed] = market === "um" ? um : spot;
  return {
    symbol,
    market,
    level,
    volatility,
    turnover: market === "um" ? turnover * FUTURES_TURNOVER : turnover,
    tick,
    lot,
    listed: Math.floor(Date.parse(listed) / MINUTE) * MINUTE,
    fundingHours: symbol === FOUR_HOURLY ? 4 : 8,
    seed,
  };
}

/** Every symbol of the made venue. */
export const SYMBOLS: readonly string[] = [
  ...Object.keys(TABLE),
  ...Array.from({ length: 999 }, (_, i) => `SYN${String(i + 1).padStart(3, "0")}USDT`),
];
