/** Type codes of fields and list elements in Thrift's compact protocol. */
export const THRIFT = {
  true: 1,
  false: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  struct: 12,
} as const;

/**
 * Writes structs in Thrift's compact protocol (thrift/doc/specs/thrift-compact-protocol.md), as far as Parquet's footer
 * and page headers need it. Fields have to be written in ascending order of their ids, at most 15 apart.
 */
export class ThriftWriter {
  #bytes = new Uint8Array(64);
  #length = 0;
  #last: number;
  readonly #outer: number[] = [];

  /** @param last id of the field that what is written will follow */
  constructor(last = 0) {
    this.#last = last;
  }

  /** What was written so far, as a view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 4, this.#length + count));
    larger.set(this.bytes);
    this.#bytes = larger;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** ULEB128; takes whole numbers beyond 2^32 too. */
  #varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #field(id: number, type: number): void {
    this.#byte(((id - this.#last) << 4) | type);
    this.#last = id;
  }

  #number(value: number): void {
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bool(id: number, value: boolean): this {
    this.#field(id, value ? THRIFT.true : THRIFT.false);
    return this;
  }

  i32(id: number, value: number): this {
    this.#field(id, THRIFT.i32);
    this.#number(value);
    return this;
  }

  i64(id: number, value: number): this {
    this.#field(id, THRIFT.i64);
    this.#number(value);
    return this;
  }

  binary(id: number, value: Uint8Array | string): this {
    this.#field(id, THRIFT.binary);
    this.#raw(value);
    return this;
  }

  #raw(value: Uint8Array | string): void {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    this.#varint(bytes.length);
    this.append(bytes);
  }

  /** Bytes that are already in the protocol: fields that another writer wrote up to `last`. */
  append(bytes: Uint8Array, last = this.#last): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#last = last;
    return this;
  }

  /** A field that is a struct; `end` closes it. */
  begin(id: number): this {
    this.#field(id, THRIFT.struct);
    return this.element();
  }

  /** A struct as the next element of a list; `end` closes it. */
  element(): this {
    this.#outer.push(this.#last);
    this.#last = 0;
    return this;
  }

  end(): this {
    this.#byte(0);
    this.#last = this.#outer.pop() ?? 0;
    return this;
  }

  /** The head of a list; its `size` elements follow. */
  list(id: number, type: number, size: number): this {
    this.#field(id, THRIFT.list);
    if (size < 15) this.#byte((size << 4) | type);
    else {
      this.#byte(0xf0 | type);
      this.#varint(size);
    }
    return this;
  }

  i32s(id: number, values: readonly number[]): this {
    this.list(id, THRIFT.i32, values.length);
    for (const value of values) this.#number(value);
    return this;
  }

  binaries(id: number, values: readonly string[]): this {
    this.list(id, THRIFT.binary, values.length);
    for (const value of values) this.#raw(value);
    return this;
  }
}
