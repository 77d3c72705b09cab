/** Names of the two schemas (BigQuery: datasets) of a warehouse. */
export interface Datasets {
  /** What was loaded from the lake. */
  readonly raw: string;
  /** What was derived within the warehouse. */
  readonly curated: string;
}

/** `btc_forecast_raw` brings `btc_forecast_curated`; made data have names of their own, so that worlds cannot meet. */
export function datasetsOf(dataset: string, synthetic: boolean): Datasets {
  const world = synthetic ? "_synthetic" : "";
  const stem = dataset.replace(/_raw$/, "");
  return { raw: `${dataset}${world}`, curated: `${stem}_curated${world}` };
}
