import { StoreError } from "../core/errors.ts";
import type { Logger } from "../ports.ts";
import type { FileStore } from "./file.ts";

/**
 * A folder of files that are kept because it is convenient. What goes wrong with it is told once and stops nothing; after
 * a write that failed nothing more is kept, so that a disk that is nearly full is left to the lake.
 */
export class Shelf {
  readonly #store: FileStore;
  readonly #log: Logger;
  #isTold = false;
  #isClosed = false;

  constructor(store: FileStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Where a file lies, for messages. */
  path(key: string): string {
    return this.#store.path(key);
  }

  /** undefined where there is no such file, or none that can be read. */
  async read(key: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#store.read(key);
    } catch (error) {
      this.#tell(error);
      return undefined;
    }
  }

  /** Keeps all of the files, or none of them and of what lay in their places. */
  async keep(files: readonly (readonly [key: string, bytes: Uint8Array])[]): Promise<void> {
    try {
      if (!this.#isClosed) {
        for (const [key, bytes] of files) await this.#store.write(key, bytes);
        await this.#store.flush();
        return;
      }
    } catch (error) {
      this.#isClosed = true;
      this.#tell(error);
    }
    await this.remove(files.map(([key]) => key));
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      try {
        await this.#store.remove(key);
      } catch (error) {
        this.#tell(error);
      }
    }
  }

  /** What a killed run left half-written. Only the holder of the lake's lock may call it. */
  removeUnfinished(): void {
    try {
      this.#store.removeUnfinished();
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    if (!(error instanceof StoreError)) throw error;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#log.warn(
      `Archive files cannot be kept in ${this.#store.label}: ${error.message} Rows come in all the same, and what is not kept is fetched again next time.`,
    );
  }
}
