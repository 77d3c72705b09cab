import { HOUR, MINUTE } from "../../core/time.ts";
import { hash, streamOf } from "./hash.ts";
import { prices } from "./minutes.ts";
import type { Instrument } from "./symbols.ts";

/** Rates and mark prices are whole units of 10^-8. */
export const FUNDING_DECIMALS = 8;

export interface FundingEvent {
  /** Milliseconds, with the jitter of up to 16 ms after the mark that real events have. */
  readonly time: number;
  readonly rate: number;
  /** Hours since the event before; undefined for the first. */
  readonly hours: number | undefined;
  /** Undefined for old events, whose mark price the venue does not give. */
  readonly mark: number | undefined;
}

/** A contract's first settlement comes about this long after its first trade. */
const BEFORE_FIRST = 36 * HOUR;
const JITTER = 16;
const MARK_PRICE_SINCE = Date.UTC(2023, 0, 1);
/** Most of the time the rate is the interest alone: 0.01 %. */
const USUAL_RATE = 10_000;

/** The first settlement: milliseconds, without jitter. */
function firstMark(of: Instrument): number {
  const length = of.fundingHours * HOUR;
  return Math.ceil((of.listed + BEFORE_FIRST) / length) * length;
}

const jitter = (of: Instrument, mark: number): number =>
  hash(streamOf(of.seed, `${of.symbol} jitter`), mark / HOUR) % (JITTER + 1);

/** Time of the first event, in milliseconds. */
export const firstFunding = (of: Instrument): number => firstMark(of) + jitter(of, firstMark(of));

/** Events whose time lies in `[from, to)` and not after `now`, ascending. */
export function fundingEvents(of: Instrument, from: number, to: number, now: number): FundingEvent[] {
  const length = of.fundingHours * HOUR;
  const first = firstMark(of);
  const rates = streamOf(of.seed, `${of.symbol} funding`);
  const events: FundingEvent[] = [];
  for (let mark = Math.max(first, Math.floor(from / length) * length); mark < to && mark <= now; mark += length) {
    const time = mark + jitter(of, mark);
    if (time < from || time >= to || time > now) continue;
    const bits = hash(rates, mark / HOUR);
    const premium = (bits >>> 8) / 2 ** 24;
    const rate = bits % 5 < 2 ? USUAL_RATE : USUAL_RATE + Math.round((premium - 0.55) * 30_000);
    const price = prices(of, mark / MINUTE, 1)[0] as number;
    events.push({
      time,
      rate,
      hours: mark === first ? undefined : of.fundingHours,
      mark:
        time < MARK_PRICE_SINCE
          ? undefined
          : Math.round(price * 10 ** (FUNDING_DECIMALS - of.tick) * (1 + (premium - 0.5) / 1e4)),
    });
  }
  return events;
}
