import type { ObjectVersion } from "./object.ts";

/** The generations of a bucket's objects. */
export class Contents {
  readonly #live = new Map<string, ObjectVersion>();
  /** Ascending by generation. */
  readonly #noncurrent = new Map<string, readonly ObjectVersion[]>();
  /** Every name with its place in the order; undefined where a name came or went since. */
  #order: readonly (readonly [key: string, name: string])[] | undefined;

  live(name: string): ObjectVersion | undefined {
    return this.#live.get(name);
  }

  version(name: string, generation: number): ObjectVersion | undefined {
    return this.versions(name).find((version) => version.generation === generation);
  }

  /** Noncurrent ones first, ascending by generation. */
  versions(name: string): readonly ObjectVersion[] {
    const live = this.#live.get(name);
    return [...(this.#noncurrent.get(name) ?? []), ...(live ? [live] : [])];
  }

  /** Names with a generation of whatever kind, from this one on, in the order in which lists come. */
  *names(from: string): Generator<string> {
    this.#order ??= ordered(new Set([...this.#live.keys(), ...this.#noncurrent.keys()]));
    for (let i = lowerBound(this.#order, byteOrder(from)); i < this.#order.length; i++) {
      const name = this.#order[i]?.[1];
      if (name !== undefined) yield name;
    }
  }

  get empty(): boolean {
    return this.#live.size === 0 && this.#noncurrent.size === 0;
  }

  /** @param kept what becomes of the live one before: a noncurrent one, or nothing */
  put(version: ObjectVersion, kept: ObjectVersion | undefined): void {
    if (!this.#live.has(version.name)) this.#order = undefined;
    if (kept) this.#keep(kept);
    this.#live.set(version.name, version);
  }

  /** Another state of the same generation. */
  update(version: ObjectVersion): void {
    const { name, generation } = version;
    if (this.#live.get(name)?.generation === generation) this.#live.set(name, version);
    const others = this.#noncurrent.get(name);
    if (!others) return;
    this.#noncurrent.set(
      name,
      others.map((other) => (other.generation === generation ? version : other)),
    );
  }

  /** The live one becomes a noncurrent one. */
  retire(kept: ObjectVersion): void {
    this.#live.delete(kept.name);
    this.#keep(kept);
  }

  /** Takes one generation away for good. */
  drop({ name, generation }: ObjectVersion): void {
    if (this.#live.get(name)?.generation === generation) this.#live.delete(name);
    const rest = (this.#noncurrent.get(name) ?? []).filter((version) => version.generation !== generation);
    if (rest.length > 0) this.#noncurrent.set(name, rest);
    else this.#noncurrent.delete(name);
    this.#order = undefined;
  }

  #keep(version: ObjectVersion): void {
    this.#noncurrent.set(version.name, [...(this.#noncurrent.get(version.name) ?? []), version]);
  }
}

/** Lists come in the order of UTF-8 bytes; strings compare as UTF-16, which differs beyond the basic plane. */
export const byteOrder = (name: string): string => Buffer.from(name).toString("latin1");

function ordered(names: Iterable<string>): [string, string][] {
  const keyed = Array.from(names, (name): [string, string] => [byteOrder(name), name]);
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Index of the first one whose key is not below. */
function lowerBound(order: readonly (readonly [key: string, name: string])[], key: string): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((order[middle]?.[0] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
