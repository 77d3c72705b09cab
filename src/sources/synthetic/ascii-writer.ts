import { LIMB, TEN } from "./decimal.ts";

const ZERO = 48;
const POINT = 46;
const LIMB_DIGITS = 8;
/** Longest thing that is written at once: twenty digits, a point, and zeros. */
const ROOM = 64;

/**
 * Text that is built as bytes. Whole numbers go in digit by digit: a page of a thousand candles is ten thousand numbers,
 * and strings for all of them would cost most of the time that serving them takes.
 */
export class AsciiWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(size = 1_024) {
    this.#bytes = Buffer.allocUnsafe(Math.max(size, ROOM));
  }

  /** What was written. The writer is not used any more after that. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  text(ascii: string): void {
    this.#reserve(ascii.length);
    for (let i = 0; i < ascii.length; i++) this.#bytes[this.#length++] = ascii.charCodeAt(i);
  }

  /** @param number whole, not negative, at most 2^53 */
  whole(number: number): void {
    this.#reserve(ROOM);
    this.#number(number);
  }

  /**
   * `units × 10^-decimals`, with zeros up to `places`, as venues write it.
   * @param units whole, not negative, at most 2^53
   * @param decimals at most 8
   */
  decimal(units: number, decimals: number, places: number): void {
    const high = Math.floor(units / LIMB);
    this.wide(high, units - high * LIMB, decimals, places);
  }

  /** The same of a number in two limbs. */
  wide(high: number, low: number, decimals: number, places: number): void {
    this.#reserve(ROOM);
    const scale = TEN[decimals] as number;
    const whole = Math.floor(low / scale);
    if (high === 0) {
      this.#number(whole);
    } else {
      this.#number(high);
      this.#digits(whole, LIMB_DIGITS - decimals);
    }
    if (places === 0) return;
    this.#bytes[this.#length++] = POINT;
    this.#digits(low - whole * scale, decimals);
    for (let i = decimals; i < places; i++) this.#bytes[this.#length++] = ZERO;
  }

  #number(number: number): void {
    if (number < LIMB) {
      let count = 1;
      for (let bound = 10; number >= bound; bound *= 10) count++;
      this.#digits(number, count);
      return;
    }
    const high = Math.floor(number / LIMB);
    this.#number(high);
    this.#digits(number - high * LIMB, LIMB_DIGITS);
  }

  /** The last `count` digits of a number below LIMB. */
  #digits(number: number, count: number): void {
    let rest = number | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) | 0;
      this.#bytes[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.#length += count;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafe(2 * (this.#length + more));
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#bytes = bytes;
  }
}
