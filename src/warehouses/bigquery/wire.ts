// The parts of BigQuery's REST resources that are read here. 64-bit numbers and times travel as decimal texts.
// https://cloud.google.com/bigquery/docs/reference/rest

export interface ApiError {
  readonly reason?: string;
  readonly message?: string;
  readonly location?: string;
}

export interface DatasetResource {
  readonly location: string;
  readonly defaultPartitionExpirationMs?: string;
  readonly defaultTableExpirationMs?: string;
}

export interface Field {
  readonly name: string;
  /** `INTEGER`, `FLOAT`, `BOOLEAN`, `RECORD` or their newer names. */
  readonly type: string;
  readonly mode?: string;
  readonly description?: string;
  readonly fields?: readonly Field[];
}

export interface TableReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

export interface TableResource {
  readonly tableReference: TableReference;
  readonly type?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly schema?: { readonly fields?: readonly Field[] };
  readonly timePartitioning?: { readonly type?: string; readonly field?: string; readonly expirationMs?: string };
  readonly rangePartitioning?: object;
  readonly clustering?: { readonly fields?: readonly string[] };
  readonly location?: string;
  readonly numRows?: string;
  /** Milliseconds. */
  readonly creationTime?: string;
  readonly lastModifiedTime?: string;
  readonly expirationTime?: string;
  /** There while rows that were streamed in have not become part of the table. */
  readonly streamingBuffer?: object;
}

export interface Job {
  readonly jobReference: { readonly projectId: string; readonly jobId: string; readonly location?: string };
  readonly configuration?: {
    readonly load?: { readonly destinationTable?: TableReference };
    readonly copy?: { readonly destinationTable?: TableReference };
  };
  readonly status: { readonly state: string; readonly errorResult?: ApiError };
  readonly statistics?: {
    readonly creationTime?: string;
    readonly startTime?: string;
    readonly endTime?: string;
    readonly totalBytesProcessed?: string;
    readonly load?: { readonly outputRows?: string; readonly inputFiles?: string; readonly inputFileBytes?: string };
    readonly copy?: { readonly copiedRows?: string };
    readonly query?: {
      readonly statementType?: string;
      readonly totalBytesBilled?: string;
      readonly referencedTables?: readonly TableReference[];
    };
  };
}

export interface Cell {
  readonly v: unknown;
}

export interface RowsPage {
  readonly schema?: { readonly fields?: readonly Field[] };
  readonly rows?: readonly { readonly f: readonly Cell[] }[];
  readonly totalRows?: string;
  readonly pageToken?: string;
  readonly jobComplete?: boolean;
}
