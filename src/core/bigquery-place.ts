/** A warehouse in BigQuery, as it is asked for. */
export interface BigQueryPlace {
  readonly project: string;
  /** The real world's raw one; made data have others beside it. */
  readonly dataset: string;
  /** Where datasets are made, lower case: `us-central1`. */
  readonly location: string;
  /** Bytes that a query may be billed for; undefined for the default. */
  readonly maxBytes?: number | undefined;
}

/** The dataset that is meant where none is named. */
export const DATASET = "btc_forecast_raw";
