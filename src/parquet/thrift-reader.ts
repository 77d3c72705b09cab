import { Malformed } from "./malformed.ts";
import { THRIFT } from "./thrift.ts";

type Value = number | boolean | Uint8Array | Struct | readonly Value[];

/** Deeper than any struct of Parquet's. */
const DEEPEST = 16;

/** The fields of a struct by their ids; what is missing or of another type is an error of the bytes. */
export class Struct {
  readonly #fields: ReadonlyMap<number, Value>;

  constructor(fields: ReadonlyMap<number, Value>) {
    this.#fields = fields;
  }

  has(id: number): boolean {
    return this.#fields.has(id);
  }

  /** A whole number that is not negative. */
  count(id: number): number {
    const value = this.#fields.get(id);
    if (typeof value === "number" && value >= 0) return value;
    throw new Malformed(`field ${id} of its metadata is no count`);
  }

  flag(id: number): boolean {
    const value = this.#fields.get(id);
    if (typeof value === "boolean") return value;
    throw new Malformed(`field ${id} of its metadata is no flag`);
  }

  text(id: number): string {
    const value = this.#fields.get(id);
    if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString();
    throw new Malformed(`field ${id} of its metadata is no text`);
  }

  struct(id: number): Struct {
    const value = this.#fields.get(id);
    if (value instanceof Struct) return value;
    throw new Malformed(`field ${id} of its metadata is no struct`);
  }

  structs(id: number): readonly Struct[] {
    const value = this.#fields.get(id);
    if (Array.isArray(value) && value.every((one) => one instanceof Struct)) return value;
    throw new Malformed(`field ${id} of its metadata is no list of structs`);
  }
}

/** Reads structs in Thrift's compact protocol, the counterpart of `ThriftWriter`. */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** Where the next byte is read. */
  at: number;

  /** Reads within `[at, end)`. */
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  #byte(): number {
    if (this.at >= this.#end) throw new Malformed("its metadata is cut");
    return this.#bytes[this.at++] as number;
  }

  /** ULEB128 of 64 bits; beyond 2^53 not exact. */
  #varint(): number {
    let value = 0;
    for (let weight = 1; weight < 2 ** 70; weight *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
    throw new Malformed("a number in its metadata has no end");
  }

  #number(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #raw(length: number): Uint8Array {
    if (length > this.#end - this.at) throw new Malformed("its metadata is cut");
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #value(type: number, depth: number): Value {
    switch (type) {
      case THRIFT.true:
        return true;
      case THRIFT.false:
        return false;
      case THRIFT.i8:
        return this.#byte();
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        return this.#number();
      case THRIFT.double:
        return this.#raw(8);
      case THRIFT.binary:
        return this.#raw(this.#varint());
      case THRIFT.list:
        return this.#list(depth);
      case THRIFT.struct:
        return this.struct(depth + 1);
    }
    throw new Malformed("its metadata holds a type that Parquet does not use");
  }

  #list(depth: number): Value[] {
    const head = this.#byte();
    const type = head & 0x0f;
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Every element takes a byte at least, which bounds what a damaged size can ask for.
    if (size > this.#end - this.at) throw new Malformed("a list in its metadata is cut");
    const isFlag = type === THRIFT.true || type === THRIFT.false;
    const values: Value[] = [];
    for (let i = 0; i < size; i++) values.push(isFlag ? this.#byte() === 1 : this.#value(type, depth + 1));
    return values;
  }

  struct(depth = 0): Struct {
    if (depth > DEEPEST) throw new Malformed("its metadata is nested too deeply");
    const fields = new Map<number, Value>();
    for (let id = 0; ; ) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === 0) return new Struct(fields);
      id = head >> 4 === 0 ? this.#number() : id + (head >> 4);
      fields.set(id, this.#value(type, depth));
    }
  }
}
