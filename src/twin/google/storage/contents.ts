import type { ObjectVersion } from "./object.ts";

/** The generations of a bucket's objects. */
export class Contents {
  readonly #live = new Map<string, ObjectVersion>();
  /** Ascending by generation. */
  readonly #noncurrent = new Map<string, ObjectVersion[]>();
  #names: readonly string[] | undefined;

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

  /** Names with a generation of whatever kind, in the order of their UTF-8 bytes, in which lists come. */
  names(): readonly string[] {
    this.#names ??= sorted(new Set([...this.#live.keys(), ...this.#noncurrent.keys()]));
    return this.#names;
  }

  get empty(): boolean {
    return this.#live.size === 0 && this.#noncurrent.size === 0;
  }

  /** @param kept what becomes of the live one before: a noncurrent one, or nothing */
  put(version: ObjectVersion, kept: ObjectVersion | undefined): void {
    if (kept) this.#keep(kept);
    else if (!this.#live.has(version.name)) this.#names = undefined;
    this.#live.set(version.name, version);
  }

  /** Another state of the same generation. */
  update(version: ObjectVersion): void {
    if (this.#live.get(version.name)?.generation === version.generation) this.#live.set(version.name, version);
    else {
      const versions = this.#noncurrent.get(version.name) ?? [];
      this.#noncurrent.set(
        version.name,
        versions.map((other) => (other.generation === version.generation ? version : other)),
      );
    }
  }

  /** Takes the live one away; it stays as a noncurrent one where `kept` says so. */
  retire(name: string, kept: ObjectVersion | undefined): void {
    this.#live.delete(name);
    if (kept) this.#keep(kept);
    this.#names = undefined;
  }

  /** Takes one generation away for good. */
  drop({ name, generation }: ObjectVersion): void {
    if (this.#live.get(name)?.generation === generation) this.#live.delete(name);
    const rest = (this.#noncurrent.get(name) ?? []).filter((version) => version.generation !== generation);
    if (rest.length > 0) this.#noncurrent.set(name, rest);
    else this.#noncurrent.delete(name);
    this.#names = undefined;
  }

  #keep(version: ObjectVersion): void {
    this.#noncurrent.set(version.name, [...(this.#noncurrent.get(version.name) ?? []), version]);
  }
}

/** Compared as UTF-16, which is what strings compare by, some names beyond the basic plane would come too early. */
export const byteOrder = (name: string): string => Buffer.from(name).toString("latin1");

function sorted(names: Iterable<string>): string[] {
  const keys = Array.from(names, (name) => [byteOrder(name), name] as const);
  return keys.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
}
