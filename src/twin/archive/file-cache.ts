/** Sixty-four megabytes: about twenty-five months of minutes. */
const ROOM = 64 * 2 ** 20;

/** The files that were asked for last. A checksum is asked for with its ZIP, and both need the ZIP's bytes. */
export class FileCache {
  readonly #room: number;
  /** In the order of use, the oldest first. */
  readonly #files = new Map<string, Uint8Array>();
  #size = 0;

  constructor(room = ROOM) {
    this.#room = room;
  }

  get(key: string, make: () => Uint8Array): Uint8Array {
    const kept = this.#files.get(key);
    const bytes = kept ?? make();
    this.#files.delete(key);
    this.#files.set(key, bytes);
    if (!kept) this.#size += bytes.byteLength;
    for (const [oldest, file] of this.#files) {
      if (this.#size <= this.#room) break;
      this.#files.delete(oldest);
      this.#size -= file.byteLength;
    }
    return bytes;
  }
}
