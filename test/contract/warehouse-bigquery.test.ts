import { openBigQuery } from "../fakes/bigquery.ts";
import { startBigQuery } from "../fakes/google-front.ts";
import { warehouseContract } from "./warehouse.ts";

warehouseContract("BigQuery", async () => {
  const front = await startBigQuery();
  return {
    bucket: front.bucket,
    open: async (synthetic) => openBigQuery(front, { synthetic }),
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  };
});
