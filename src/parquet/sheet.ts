/** A file in the making: what is put comes one after the other. One sheet serves for many files. */
export class Sheet {
  #bytes = new Uint8Array(64 * 1024);
  length = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  put(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length = length;
  }

  /** A copy of what was put. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }
}
