import { type ArchiveFile, archiveKey, archiveName } from "../../core/archive-file.ts";
import type { AppError } from "../../core/errors.ts";
import type { ArchivedFile, Logger } from "../../ports.ts";
import { checksumText, readChecksum, sha256 } from "./checksum.ts";

/** Where verified files are kept between runs. None of it throws: keeping is a convenience. */
export interface ArchiveShelf {
  /** Where a file lies, for messages. */
  path(key: string): string;
  /** undefined where there is no such file, or none that can be read. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Keeps all of the files, or none of them. */
  keep(files: readonly (readonly [key: string, bytes: Uint8Array])[]): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
}

const keysOf = (file: ArchiveFile): readonly [zip: string, checksum: string] => {
  const key = archiveKey(file);
  return [key, `${key}.CHECKSUM`];
};

/** Kept archive files. One counts as little as a fetched one: its hash has to fit the checksum that was kept beside it. */
export class KeptArchives {
  readonly #shelf: ArchiveShelf;
  readonly #host: string;
  readonly #log: Pick<Logger, "warn"> | undefined;
  /** Hashes of files that lie here as far as this run knows, and whether an earlier one left them. */
  readonly #held = new Map<string, { readonly sha256: string; readonly isOld: boolean }>();
  /** Hashes of files that are not to be taken from here: where they cannot be removed they are still there. */
  readonly #spoilt = new Map<string, string>();

  constructor(shelf: ArchiveShelf, host: string, log: Pick<Logger, "warn"> | undefined) {
    this.#shelf = shelf;
    this.#host = host;
    this.#log = log;
  }

  /** undefined where there is none that can be used. */
  async read(file: ArchiveFile): Promise<ArchivedFile | undefined> {
    const [key, beside] = keysOf(file);
    if (this.#spoilt.has(key)) return undefined;
    const checksum = await this.#shelf.read(beside);
    const zip = checksum && (await this.#shelf.read(key));
    // A run that was killed while it kept the file leaves one of the two.
    if (!checksum || !zip) return undefined;
    const said = readChecksum(checksum).sha256;
    const hash = sha256(zip);
    if (said !== hash) {
      this.#spoil(
        file,
        hash,
        said ? `its SHA-256 is ${hash}, and ${said} was kept beside it` : "what was kept beside it is no checksum",
      );
      return undefined;
    }
    this.#held.set(key, { sha256: hash, isOld: true });
    return { zip: new Uint8Array(zip), sha256: hash };
  }

  async keep(file: ArchiveFile, { zip, sha256: hash }: ArchivedFile): Promise<void> {
    const [key, beside] = keysOf(file);
    this.#held.set(key, { sha256: hash, isOld: false });
    // The host has no other one: what is wrong with it is not the keeping.
    if (this.#spoilt.get(key) === hash) this.#spoilt.set(key, "");
    await this.#shelf.keep([
      [key, zip],
      [beside, Buffer.from(checksumText(hash, archiveName(file)))],
    ]);
  }

  /** Returns whether the file with this hash was one that an earlier run left, so that the host may have another. */
  async discard(file: ArchiveFile, hash: string, why: AppError): Promise<boolean> {
    const [key] = keysOf(file);
    const held = this.#held.get(key);
    if (held?.sha256 === hash) {
      this.#held.delete(key);
      if (held.isOld) this.#spoil(file, hash, `what it holds is refused (${why.code})`);
      await this.#shelf.remove(keysOf(file));
    }
    return this.#spoilt.get(key) === hash;
  }

  #spoil(file: ArchiveFile, hash: string, why: string): void {
    const [key] = keysOf(file);
    this.#spoilt.set(key, hash);
    this.#log?.warn(
      `The kept file ${this.#shelf.path(key)} cannot be used: ${why}. It is fetched from ${this.#host} once more and replaced.`,
    );
  }
}
