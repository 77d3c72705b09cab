/** Powers of ten that a double holds exactly. */
const POWER = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

const SPACE = 0x20;
const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const BACKSLASH = 0x5c;

const latin = new TextDecoder("latin1");

/**
 * A place in a buffer of ASCII text that moves forward over numbers and JSON, without a string or an object for any
 * of them. Reading past the end is harmless: nothing is found there.
 */
export class Scanner {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Text of a stretch. */
  text(from: number, to: number): string {
    return new TextDecoder().decode(this.bytes.subarray(from, to));
  }

  /** Moves over white space. */
  space(): void {
    while ((this.bytes[this.at] as number) <= SPACE) this.at++;
  }

  /** Moves over white space and then over `byte`, if it is there. */
  take(byte: number): boolean {
    if (this.bytes[this.at] !== byte) {
      this.space();
      if (this.bytes[this.at] !== byte) return false;
    }
    this.at++;
    return true;
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
    for (let digit = (bytes[at] as number) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[++at] as number) - ZERO) {
      mantissa = mantissa * 10 + digit;
    }
    if (at === first) return Number.NaN;
    let decimals = 0;
    if (bytes[at] === POINT) {
      const point = at++;
      for (let digit = (bytes[at] as number) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[++at] as number) - ZERO) {
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

  /** A decimal between quotes; NaN where there is none. */
  quotedDecimal(): number {
    if (this.bytes[this.at] !== QUOTE) return Number.NaN;
    this.at++;
    const value = this.decimal();
    return this.bytes[this.at++] === QUOTE ? value : Number.NaN;
  }

  /** A whole number up to 2^53 without sign, point or exponent; NaN where there is none. */
  integer(): number {
    const start = this.at;
    const { bytes } = this;
    let at = start;
    let value = 0;
    for (let digit = (bytes[at] as number) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[++at] as number) - ZERO) {
      value = value * 10 + digit;
    }
    this.at = at;
    return at > start && value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
  }

  /** Moves over one JSON value, whatever it is, by its brackets and quotes; false where the text ends within. */
  value(): boolean {
    const { bytes } = this;
    let depth = 0;
    this.space();
    for (const start = this.at; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at] as number;
      if (byte === QUOTE) {
        if (!this.#string()) return false;
      } else if (byte === 0x5b || byte === 0x7b) depth++;
      else if (byte === 0x5d || byte === 0x7d || byte === 0x2c) {
        if (depth === 0) return this.at > start;
        if (byte !== 0x2c) depth--;
      } else continue;
      if (depth === 0) {
        this.at++;
        return true;
      }
    }
    return false;
  }

  /** From the opening quote to the closing one. */
  #string(): boolean {
    const { bytes } = this;
    for (this.at++; this.at < bytes.length; this.at++) {
      if (bytes[this.at] === BACKSLASH) this.at++;
      else if (bytes[this.at] === QUOTE) return true;
    }
    return false;
  }
}
