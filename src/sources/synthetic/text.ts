import type { Candles } from "./candles.ts";
import { decimalText, wideText } from "./decimal.ts";
import { FUNDING_DECIMALS, type FundingEvent } from "./funding.ts";
import type { OpenInterest } from "./open-interest.ts";
import type { Instrument } from "./symbols.ts";

/** Spot writes eight decimals everywhere. */
const SPOT_PLACES = 8;
/** Futures write prices with two decimals at least and amounts of the quote asset with five. */
const FUTURES_PRICE_PLACES = 2;
const FUTURES_QUOTE_PLACES = 5;
const OPEN_INTEREST_PLACES = 8;

/** A candle as the twelve-element JSON array that klines endpoints send. */
export function klineText(candles: Candles, row: number): string {
  const { of, quote, takerQuote } = candles;
  const spot = of.market === "spot";
  const money = of.tick + of.lot;
  const pricePlaces = spot ? SPOT_PLACES : Math.max(of.tick, FUTURES_PRICE_PLACES);
  const lotPlaces = spot ? SPOT_PLACES : of.lot;
  const quotePlaces = spot ? SPOT_PLACES : Math.max(money, FUTURES_QUOTE_PLACES);
  const price = (column: Float64Array): string => decimalText(column[row] as number, of.tick, pricePlaces);
  const lots = (column: Float64Array): string => decimalText(column[row] as number, of.lot, lotPlaces);
  const paid = (column: Candles["quote"]): string =>
    wideText(column.high[row] as number, column.low[row] as number, money, quotePlaces);
  return (
    `[${candles.openTime[row]},"${price(candles.open)}","${price(candles.high)}","${price(candles.low)}",` +
    `"${price(candles.close)}","${lots(candles.lots)}",${candles.closeTime[row]},"${paid(quote)}",` +
    `${candles.trades[row]},"${lots(candles.takerLots)}","${paid(takerQuote)}","0"]`
  );
}

/** A funding event as the venue's JSON object. */
export function fundingText(of: Instrument, event: FundingEvent): string {
  const sign = event.rate < 0 ? "-" : "";
  const rate = sign + decimalText(Math.abs(event.rate), FUNDING_DECIMALS, FUNDING_DECIMALS);
  const mark = event.mark === undefined ? "" : decimalText(event.mark, FUNDING_DECIMALS, FUNDING_DECIMALS);
  return `{"symbol":"${of.symbol}","fundingTime":${event.time},"fundingRate":"${rate}","markPrice":"${mark}"}`;
}

/** A snapshot of the open interest as the venue's JSON object. */
export function openInterestText(of: Instrument, history: OpenInterest, row: number): string {
  const lots = decimalText(history.lots[row] as number, of.lot, OPEN_INTEREST_PLACES);
  const value = decimalText(history.value[row] as number, of.lot + of.tick, OPEN_INTEREST_PLACES);
  return (
    `{"symbol":"${of.symbol}","sumOpenInterest":"${lots}","sumOpenInterestValue":"${value}",` +
    `"CMCCirculatingSupply":"0.00000000","timestamp":${history.time[row]}}`
  );
}
