import { DecimalText } from "../../core/decimal-text.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Moves forward over JSON as over numbers: no string or object for any of it. */
export class Scanner extends DecimalText {
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

  /** A decimal between quotes; NaN where there is none. */
  quotedDecimal(): number {
    if (this.bytes[this.at] !== QUOTE) return Number.NaN;
    this.at++;
    const value = this.decimal();
    return this.bytes[this.at++] === QUOTE ? value : Number.NaN;
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
