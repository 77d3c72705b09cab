const encoder = new TextEncoder();

/** A field of a table: its slot (the field's number in the schema file), and its value by kind. */
export type Field =
  | readonly [slot: number, kind: "u8" | "i16" | "i32" | "i64", value: number]
  | readonly [slot: number, kind: "offset", target: number];

const SIZE = { u8: 1, i16: 2, i32: 4, i64: 8, offset: 4 } as const;

/**
 * Builds a FlatBuffer (https://flatbuffers.dev/internals) from its end to its start, as every offset in one points
 * forward. What a method returns is the place of the thing it wrote, counted from the end, to be given to the things
 * that refer to it; several may refer to one.
 */
export class FlatBuffer {
  #bytes = new Uint8Array(1024);
  #size = 0;
  readonly #vtables: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  /** Makes room for `count` bytes so that the first of them lies on a multiple of `align`, counted from the end. */
  #take(count: number, align: number): DataView {
    this.#size += count;
    this.#size += -this.#size & (align - 1);
    if (this.#size > this.#bytes.length) {
      const larger = new Uint8Array(this.#size * 2);
      larger.set(this.#bytes, larger.length - this.#bytes.length);
      this.#bytes = larger;
    }
    return new DataView(this.#bytes.buffer, this.#bytes.length - this.#size, count);
  }

  /** `vector<T>` of scalars or structs whose bytes are given. */
  vector(count: number, bytes: Uint8Array, align: number): number {
    // The length's four bytes stand before the elements, and it is the elements that have to be aligned.
    const padding = -(this.#size + bytes.length) & (Math.max(align, 4) - 1);
    this.#size += padding;
    const view = this.#take(4 + bytes.length, 4);
    view.setUint32(0, count, true);
    new Uint8Array(view.buffer, view.byteOffset + 4, bytes.length).set(bytes);
    return this.#size;
  }

  string(text: string): number {
    const bytes = encoder.encode(text);
    const terminated = new Uint8Array(bytes.length + 1);
    terminated.set(bytes);
    return this.vector(bytes.length, terminated, 1);
  }

  /** `vector` of tables or strings. */
  offsets(targets: readonly number[]): number {
    const view = this.#take(4 + 4 * targets.length, 4);
    view.setUint32(0, targets.length, true);
    targets.forEach((target, i) => {
      const at = 4 + 4 * i;
      view.setUint32(at, this.#size - at - target, true);
    });
    return this.#size;
  }

  /** A table with the fields given; the others have their defaults. */
  table(fields: readonly Field[]): number {
    const slots = fields.reduce((count, [slot]) => Math.max(count, slot + 1), 0);
    const vtable = new Uint16Array(2 + slots);
    // Large fields first and the vtable's offset before them: then nothing needs padding but the table itself.
    const sorted = [...fields].sort((a, b) => SIZE[b[1]] - SIZE[a[1]] || a[0] - b[0]);
    const wide = sorted.some(([, kind]) => kind === "i64");
    let length: number = wide ? 8 : 4;
    const places = sorted.map(([slot, kind]) => {
      const at = length;
      vtable[2 + slot] = at;
      length += SIZE[kind];
      return at;
    });
    vtable[0] = vtable.byteLength;
    vtable[1] = length;

    const view = this.#take(length, wide ? 8 : 4);
    const table = this.#size;
    sorted.forEach(([, kind, value], i) => {
      const at = places[i] as number;
      if (kind === "u8") view.setUint8(at, value);
      else if (kind === "i16") view.setInt16(at, value, true);
      else if (kind === "i32") view.setInt32(at, value, true);
      else if (kind === "offset") view.setUint32(at, table - at - value, true);
      else {
        view.setUint32(at, value % 0x1_0000_0000, true);
        view.setUint32(at + 4, value / 0x1_0000_0000, true);
      }
    });
    const described = this.#vtable(new Uint8Array(vtable.buffer));
    new DataView(this.#bytes.buffer, this.#bytes.length - table).setInt32(0, described - table, true);
    return table;
  }

  /** Tables of the same shape share one vtable. */
  #vtable(bytes: Uint8Array): number {
    const same = this.#vtables.find((vtable) => Buffer.compare(vtable.bytes, bytes) === 0);
    if (same) return same.at;
    const view = this.#take(bytes.length, 2);
    new Uint8Array(view.buffer, view.byteOffset, bytes.length).set(bytes);
    this.#vtables.push({ at: this.#size, bytes });
    return this.#size;
  }

  /** The whole buffer with `root` as its root table; its length is a multiple of eight. */
  finish(root: number): Uint8Array {
    const view = this.#take(4, 8);
    view.setUint32(0, this.#size - root, true);
    return this.#bytes.slice(this.#bytes.length - this.#size);
  }
}
