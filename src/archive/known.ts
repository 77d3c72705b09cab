/** What others know of a file's series. */
export interface Known {
  /** Event time of its first row, in milliseconds. */
  readonly first?: number | undefined;
  /** Event time of its last row, where the venue no longer trades it. */
  readonly ended?: number | undefined;
}
