import { AsciiWriter } from "./ascii-writer.ts";
import type { Candles, Wide } from "./candles.ts";
import { FUNDING_DECIMALS, type FundingEvent } from "./funding.ts";
import type { OpenInterest } from "./open-interest.ts";
import type { Instrument } from "./symbols.ts";

/** Spot writes eight decimals everywhere. */
const SPOT_PLACES = 8;
/** Futures write prices with two decimals at least and amounts of the quote asset with five. */
const FUTURES_PRICE_PLACES = 2;
const FUTURES_QUOTE_PLACES = 5;
const OPEN_INTEREST_PLACES = 8;

/** Bytes of a row, roughly: what a page's buffer starts with. */
const ROW_BYTES = 200;

/** A JSON list as venues send it, out of rows that `write` writes. */
export function listOf(rows: number, write: (out: AsciiWriter, row: number) => void): Buffer {
  const out = new AsciiWriter((rows + 1) * ROW_BYTES);
  out.text("[");
  for (let row = 0; row < rows; row++) {
    if (row > 0) out.text(",");
    write(out, row);
  }
  out.text("]");
  return out.bytes();
}

/** One row as text. */
export function rowText(write: (out: AsciiWriter) => void): string {
  const out = new AsciiWriter();
  write(out);
  return out.bytes().toString("latin1");
}

/** Writes a candle as the twelve-element array that klines endpoints send. */
export function writeKline(out: AsciiWriter, candles: Candles, row: number): void {
  const { tick, lot, market } = candles.of;
  const spot = market === "spot";
  const pricePlaces = spot ? SPOT_PLACES : Math.max(tick, FUTURES_PRICE_PLACES);
  const lotPlaces = spot ? SPOT_PLACES : lot;
  const moneyPlaces = spot ? SPOT_PLACES : Math.max(tick + lot, FUTURES_QUOTE_PLACES);
  const amount = (column: Float64Array, decimals: number, places: number): void => {
    out.text('"');
    out.decimal(column[row] as number, decimals, places);
    out.text('",');
  };
  const money = (column: Wide): void => {
    out.text('"');
    out.wide(column.high[row] as number, column.low[row] as number, tick + lot, moneyPlaces);
    out.text('",');
  };
  const whole = (column: Float64Array): void => {
    out.whole(column[row] as number);
    out.text(",");
  };
  out.text("[");
  whole(candles.openTime);
  amount(candles.open, tick, pricePlaces);
  amount(candles.high, tick, pricePlaces);
  amount(candles.low, tick, pricePlaces);
  amount(candles.close, tick, pricePlaces);
  amount(candles.lots, lot, lotPlaces);
  whole(candles.closeTime);
  money(candles.quote);
  whole(candles.trades);
  amount(candles.takerLots, lot, lotPlaces);
  money(candles.takerQuote);
  out.text('"0"]');
}

/** Writes a funding event as the venue's object. */
export function writeFunding(out: AsciiWriter, of: Instrument, event: FundingEvent): void {
  out.text(`{"symbol":"${of.symbol}","fundingTime":${event.time},"fundingRate":"${event.rate < 0 ? "-" : ""}`);
  out.decimal(Math.abs(event.rate), FUNDING_DECIMALS, FUNDING_DECIMALS);
  out.text('","markPrice":"');
  if (event.mark !== undefined) out.decimal(event.mark, FUNDING_DECIMALS, FUNDING_DECIMALS);
  out.text('"}');
}

/** Writes a snapshot of the open interest as the venue's object. */
export function writeOpenInterest(out: AsciiWriter, of: Instrument, history: OpenInterest, row: number): void {
  out.text(`{"symbol":"${of.symbol}","sumOpenInterest":"`);
  out.decimal(history.lots[row] as number, of.lot, OPEN_INTEREST_PLACES);
  out.text('","sumOpenInterestValue":"');
  out.decimal(history.value[row] as number, of.lot + of.tick, OPEN_INTEREST_PLACES);
  out.text('","CMCCirculatingSupply":"0.00000000","timestamp":');
  out.whole(history.time[row] as number);
  out.text("}");
}
