/** Powers of ten that a double holds exactly. */
const POWER = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

const MINUS = 0x2d;
const POINT = 0x2e;
/** A byte with these bits turned over is 0 to 9 for a digit and more for anything else, the end of the buffer too. */
const DIGIT = 0x30;

const latin = new TextDecoder("latin1");

/**
 * A place in a buffer of ASCII text that moves forward over numbers, without a string or an object for any of them.
 * Reading past the end is harmless: nothing is found there.
 */
export class DecimalText {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /**
   * The double nearest to a plain decimal (`-12.50000000`: no exponent, a digit on both sides of the point). NaN, and
   * no movement, where there is none.
   *
   * An integer mantissa below 2^53 and a power of ten up to 10^22 are both exact, so one division rounds correctly
   * (IEEE 754); what has more digits goes the slow way.
   */
  decimal(): number {
    const { bytes } = this;
    const start = this.at;
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    let at = first;
    let mantissa = 0;
    for (let digit = (bytes[at] as number) ^ DIGIT; digit <= 9; digit = (bytes[++at] as number) ^ DIGIT) {
      mantissa = mantissa * 10 + digit;
    }
    if (at === first) return Number.NaN;
    let decimals = 0;
    if (bytes[at] === POINT) {
      const point = at++;
      for (let digit = (bytes[at] as number) ^ DIGIT; digit <= 9; digit = (bytes[++at] as number) ^ DIGIT) {
        mantissa = mantissa * 10 + digit;
      }
      decimals = at - point - 1;
      if (decimals === 0) return Number.NaN;
    }
    this.at = at;
    if (mantissa > Number.MAX_SAFE_INTEGER || decimals > 22) return Number(latin.decode(bytes.subarray(start, at)));
    const value = mantissa / (POWER[decimals] as number);
    return negative ? -value : value;
  }

  /** A whole number up to 2^53 without sign, point or exponent; NaN where there is none. */
  integer(): number {
    const { bytes } = this;
    const start = this.at;
    let at = start;
    let value = 0;
    for (let digit = (bytes[at] as number) ^ DIGIT; digit <= 9; digit = (bytes[++at] as number) ^ DIGIT) {
      value = value * 10 + digit;
    }
    this.at = at;
    return at > start && value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
  }
}
