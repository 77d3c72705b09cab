/** One object of the archive's bucket. */
export interface Stored {
  /** In bytes. A guess for files that are made on demand: making thousands of them for one listing would take minutes. */
  readonly size: number;
  /** Milliseconds. */
  readonly modified: number;
  bytes(): Uint8Array;
}

/** What the bulk archive's bucket holds at an instant: ZIPs, and a checksum beside each. */
export interface Archive {
  /** @param now milliseconds; what is published later is not there yet */
  object(key: string, now: number): Stored | undefined;
  /**
   * What lies directly in a folder, ascending; folders have a slash at their end.
   * @param folder with a slash at its end, or empty for the root
   */
  names(folder: string, now: number): readonly string[];
}
