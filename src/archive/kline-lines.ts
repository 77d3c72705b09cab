import { CODE } from "./kline-lines-code.ts";

/** What is used of the runtime's WebAssembly: types of it come with those of browsers only. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly next: { readonly value: number };
  readonly stop: { readonly value: number };
  take(
    at: number,
    end: number,
    most: number,
    base: number,
    least: number,
    beyond: number,
    from: number,
    to: number,
  ): number;
}

/** Times that a file's rows have to lie in, in the file's unit: those of the unit, and those of the file's days. */
export interface Limits {
  readonly least: number;
  readonly beyond: number;
  readonly from: number;
  readonly to: number;
}

// The memory's parts, as kline-lines.wat has them.
const POWERS = 0;
const WHOLE_POWERS = 192;
const STARTS = 4096;
const COLUMNS = 8192;
const TEXT = 98_304;

/** Lines of one call, numbers of a line. */
const ROWS = 1024;
const NUMBERS = 11;
/** Bytes of text that are looked at together. */
const WINDOW = 131_072;
const PADDING = 64;

/** The code and its memory: one for a thread, made when it is needed. */
class Reader {
  readonly code: Exports;
  readonly text: Uint8Array;
  readonly starts: Uint32Array;
  readonly columns: readonly Float64Array[];

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(CODE, "base64"));
    this.code = new WebAssembly.Instance(module).exports as Exports;
    const { buffer } = this.code.memory;
    this.text = new Uint8Array(buffer, TEXT, WINDOW + PADDING);
    this.starts = new Uint32Array(buffer, STARTS, ROWS);
    this.columns = Array.from({ length: NUMBERS }, (_, c) => new Float64Array(buffer, COLUMNS + c * ROWS * 8, ROWS));
    new Float64Array(buffer, POWERS, 23).set(Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`)));
    const whole = Array.from({ length: 9 }, (_, exponent) => 10n ** BigInt(exponent));
    new BigUint64Array(buffer, WHOLE_POWERS, whole.length).set(whole);
  }
}

let shared: Reader | undefined;

/**
 * Reads the plain lines of a text of candles, of which every line has its end: see kline-lines.wat. Only a window of the
 * text lies in the reader's memory at a time. One text is read to its end before another one is begun.
 */
export class KlineLines {
  readonly #reader: Reader;
  readonly #bytes: Uint8Array;
  /** What the window shows. */
  #from = 0;
  #to = 0;
  /** Where the first line begins that was not taken. */
  next = 0;

  constructor(bytes: Uint8Array) {
    shared ??= new Reader();
    this.#reader = shared;
    this.#bytes = bytes;
  }

  #show(from: number): void {
    const { text } = this.#reader;
    this.#from = from;
    this.#to = Math.min(from + WINDOW, this.#bytes.length);
    text.set(this.#bytes.subarray(from, this.#to));
    text.fill(0, this.#to - from, this.#to - from + PADDING);
  }

  /**
   * Takes plain lines from `at` on as rows from `row` on, 1,024 at most and as many as `starts` has room for: their
   * numbers, and the places where the lines begin. Returns how many; none where the first line is another one.
   */
  take(at: number, columns: readonly Float64Array[], starts: Uint32Array, row: number, limits: Limits): number {
    const { code } = this.#reader;
    if (at < this.#from || at >= this.#to) this.#show(at);
    let count = this.#run(at, starts.length - row, limits);
    if (count === 0 && at > this.#from && this.#isCut()) {
      this.#show(at);
      count = this.#run(at, starts.length - row, limits);
    }
    for (let c = 0; c < NUMBERS; c++) {
      (columns[c] as Float64Array).set((this.#reader.columns[c] as Float64Array).subarray(0, count), row);
    }
    starts.set(this.#reader.starts.subarray(0, count), row);
    this.next = code.next.value - TEXT + this.#from;
    return count;
  }

  #run(at: number, room: number, { least, beyond, from, to }: Limits): number {
    const base = this.#from - TEXT;
    return this.#reader.code.take(at - base, this.#to - base, Math.min(ROWS, room), base, least, beyond, from, to);
  }

  /** Whether reading ended with the window and not with the text. */
  #isCut(): boolean {
    return this.#reader.code.stop.value - TEXT + this.#from >= this.#to && this.#to < this.#bytes.length;
  }
}
