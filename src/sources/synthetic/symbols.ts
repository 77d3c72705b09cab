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

interface Entry {
  readonly level: number;
  readonly volatility: number;
  readonly turnover: number;
  /** Decimals of tick and lot, and the first minute. */
  readonly spot: readonly [tick: number, lot: number, listed: string];
  readonly um: readonly [tick: number, lot: number, listed: string];
}

/** Real names with made prices; ticks, lots and listing times are near the venue's. */
const TABLE: Readonly<Record<string, Entry>> = {
  BTCUSDT: { level: 60_000, volatility: 6e-4, turnover: 1_200_000, spot: [2, 5, "2017-08-17T04:00Z"], um: [1, 3, "2019-09-08T17:57Z"] },
  ETHUSDT: { level: 2_500, volatility: 7e-4, turnover: 700_000, spot: [2, 4, "2017-08-17T04:00Z"], um: [2, 3, "2019-11-27T07:45Z"] },
  BNBUSDT: { level: 450, volatility: 7e-4, turnover: 150_000, spot: [2, 3, "2017-11-06T03:00Z"], um: [2, 2, "2020-02-10T08:00Z"] },
  LTCUSDT: { level: 85, volatility: 8e-4, turnover: 60_000, spot: [2, 3, "2017-12-13T03:00Z"], um: [2, 3, "2020-01-09T08:00Z"] },
  ADAUSDT: { level: 0.55, volatility: 9e-4, turnover: 80_000, spot: [4, 1, "2018-04-17T04:00Z"], um: [4, 0, "2020-01-31T08:00Z"] },
  XRPUSDT: { level: 0.75, volatility: 9e-4, turnover: 150_000, spot: [4, 0, "2018-05-04T08:00Z"], um: [4, 1, "2020-01-06T08:00Z"] },
  XLMUSDT: { level: 0.18, volatility: 9e-4, turnover: 30_000, spot: [4, 0, "2018-05-31T09:00Z"], um: [5, 0, "2020-01-20T08:00Z"] },
  TRXUSDT: { level: 0.12, volatility: 7e-4, turnover: 40_000, spot: [4, 1, "2018-06-11T11:00Z"], um: [5, 0, "2020-01-15T08:00Z"] },
  ETCUSDT: { level: 26, volatility: 9e-4, turnover: 30_000, spot: [2, 2, "2018-06-12T08:00Z"], um: [3, 2, "2020-01-16T08:00Z"] },
  LINKUSDT: { level: 14, volatility: 9e-4, turnover: 60_000, spot: [2, 2, "2019-01-16T10:00Z"], um: [3, 2, "2020-01-17T08:00Z"] },
  ATOMUSDT: { level: 9, volatility: 9e-4, turnover: 25_000, spot: [3, 2, "2019-04-29T04:00Z"], um: [3, 2, "2020-02-07T08:00Z"] },
  ALGOUSDT: { level: 0.25, volatility: 9e-4, turnover: 20_000, spot: [4, 0, "2019-06-22T00:00Z"], um: [4, 1, "2020-03-06T08:00Z"] },
  DOGEUSDT: { level: 0.12, volatility: 1e-3, turnover: 200_000, spot: [5, 0, "2019-07-05T12:00Z"], um: [5, 0, "2020-07-10T09:00Z"] },
  BCHUSDT: { level: 350, volatility: 8e-4, turnover: 40_000, spot: [1, 3, "2019-11-28T10:00Z"], um: [2, 3, "2019-12-11T08:00Z"] },
  SOLUSDT: { level: 90, volatility: 1e-3, turnover: 300_000, spot: [2, 3, "2020-08-11T06:00Z"], um: [3, 0, "2020-09-14T07:00Z"] },
  DOTUSDT: { level: 8, volatility: 9e-4, turnover: 40_000, spot: [3, 2, "2020-08-18T23:00Z"], um: [3, 1, "2020-08-22T07:00Z"] },
  UNIUSDT: { level: 8, volatility: 1e-3, turnover: 30_000, spot: [3, 2, "2020-09-17T03:00Z"], um: [3, 0, "2020-09-18T07:00Z"] },
  AVAXUSDT: { level: 28, volatility: 1e-3, turnover: 60_000, spot: [2, 2, "2020-09-22T06:30Z"], um: [3, 0, "2020-09-23T07:00Z"] },
  NEARUSDT: { level: 4, volatility: 1e-3, turnover: 40_000, spot: [3, 1, "2020-10-14T02:00Z"], um: [3, 0, "2020-10-15T07:00Z"] },
  FILUSDT: { level: 6, volatility: 9e-4, turnover: 30_000, spot: [3, 2, "2020-10-15T15:00Z"], um: [3, 1, "2020-10-16T07:00Z"] },
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
  return {
    level,
    volatility: 8e-4,
    turnover: 5_000 + Math.floor(uniform(stream, 2) * 40_000),
    spot: [4 - power, Math.max(0, power + 1), at(0)],
    um: [4 - power, Math.max(0, power), at(730)],
  };
}

/** The made market of a symbol; undefined where the made venue does not know the symbol. */
export function instrument(market: Market, symbol: string, seed = SEED): Instrument | undefined {
  const entry = Object.hasOwn(TABLE, symbol) ? TABLE[symbol] : numbered(symbol);
  if (!entry) return undefined;
  const [tick, lot, listed] = entry[market];
  return {
    symbol,
    market,
    level: entry.level,
    volatility: entry.volatility,
    turnover: market === "um" ? entry.turnover * FUTURES_TURNOVER : entry.turnover,
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
