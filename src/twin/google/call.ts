/** A request to a stand-in of Google's, whole. */
export interface GoogleCall {
  readonly method: string;
  /** Path as sent, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** `http://127.0.0.1:PORT`, for addresses in answers. */
  readonly origin: string;
  /** Left out: the caller may do everything. */
  readonly may?: Rights;
}

/** Whether the caller has a permission; `on` is the dataset's or bucket's name where it is one's. */
export type Rights = (permission: string, on: string | undefined) => boolean;

export interface GoogleAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** One of the services behind the address; undefined where the path is none of its own. */
export interface GoogleService {
  handle(call: GoogleCall): Promise<GoogleAnswer | undefined>;
  close(): Promise<void>;
}

/** What load jobs need of the buckets. */
export interface StoredObjects {
  /** Lower case, `us-central1`; undefined where there is no such bucket. */
  location(bucket: string): string | undefined;
  /** Names that start with `prefix`, ascending. */
  names(bucket: string, prefix: string): readonly string[];
  read(bucket: string, name: string): Uint8Array | undefined;
}
