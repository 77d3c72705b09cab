import { monthCost } from "../core/cloud-cost.ts";
import { fileStem } from "../core/layout.ts";
import type { Applied } from "../pipeline/apply.ts";
import type { CloudUsage } from "../ports.ts";
import { bytes, count } from "./output.ts";

/** What a run asked of Google's services, and what it costs. */
export interface Receipt {
  /** Objects that were sent, and all bytes: those of manifests too. */
  readonly objects: number;
  readonly bytesUploaded: number;
  readonly bytesDownloaded: number;
  readonly storageRequests: {
    readonly lists: number;
    readonly reads: number;
    readonly writes: number;
    readonly others: number;
  };
  /** Repetitions among them. */
  readonly storageRetries: number;
  readonly warehouseRequests: number;
  /** The same as in the answer's totals. */
  readonly loadJobs: number;
  readonly ledgerJobs: number;
  readonly copyJobs: number;
  readonly rowsLoaded: number;
  readonly bytesLoaded: number;
  readonly bytesBilled: number;
  /** US dollars for a month of hourly runs: this one's lists and reads, the open day's objects, what the bucket holds. */
  readonly monthUsd: number;
}

/** To a hundredth of a cent: more would be made up. */
const cents = (dollars: number): number => Math.round(dollars * 10_000) / 10_000;

/** Every hour of a month. */
const RUNS = 730;

/** undefined where neither a bucket nor BigQuery took part. */
export function receiptOf({ outcomes, goal, stored }: Applied, { bucket, warehouse }: CloudUsage): Receipt | undefined {
  if (!bucket && !warehouse?.requests) return undefined;
  const done = outcomes.filter(({ status }) => status === "done");
  const loads = done.filter(({ step }) => step.action === "load");
  const { lists = 0, reads = 0, writes = 0, others = 0, retries = 0 } = bucket ?? {};
  const series = new Set((goal.uploads ?? []).map((one) => `${one.table} ${fileStem(one.series)}`));
  return {
    objects: done.filter(({ step, bytes: sent }) => step.action === "upload" && sent > 0).length,
    bytesUploaded: bucket?.bytesUploaded ?? 0,
    bytesDownloaded: bucket?.bytesDownloaded ?? 0,
    storageRequests: { lists, reads, writes, others },
    storageRetries: retries,
    warehouseRequests: warehouse?.requests ?? 0,
    loadJobs: warehouse?.loadJobs ?? 0,
    ledgerJobs: warehouse?.ledgerJobs ?? 0,
    copyJobs: warehouse?.copyJobs ?? 0,
    rowsLoaded: warehouse?.requests ? loads.reduce((sum, { rows }) => sum + rows, 0) : 0,
    bytesLoaded: warehouse?.bytesLoaded ?? 0,
    bytesBilled: warehouse?.bytesBilled ?? 0,
    monthUsd: cents(
      monthCost({
        // An hour brings a series one object and its manifest, whatever this run had to catch up with.
        classA: lists + 2 * series.size,
        classB: reads + others,
        storedBytes: stored,
        bytesBilled: warehouse?.bytesBilled ?? 0,
        runsPerMonth: RUNS,
      }),
    ),
  };
}

export function receiptLine(receipt: Receipt): string {
  const { lists, reads, writes, others } = receipt.storageRequests;
  const sent = `${count(receipt.objects, "object")} of ${bytes(receipt.bytesUploaded)} sent`;
  const storage = `bucket: ${sent}, ${count(lists, "list")}, ${count(reads + others, "read")}, ${count(writes, "write")}`;
  const jobs = receipt.loadJobs + receipt.ledgerJobs + receipt.copyJobs;
  const loaded = `${count(receipt.rowsLoaded, "row")} of ${bytes(receipt.bytesLoaded)} loaded`;
  const warehouse =
    `BigQuery: ${count(receipt.warehouseRequests, "request")}, ${count(jobs, "job")}, ${loaded}, ` +
    `${bytes(receipt.bytesBilled)} billed`;
  const parts = [
    ...(lists + reads + writes + others > 0 ? [storage] : []),
    ...(receipt.warehouseRequests > 0 ? [warehouse] : []),
  ];
  return `Receipt: ${parts.join("; ")}. A month of hourly runs: about $${receipt.monthUsd.toFixed(2)}.\n`;
}
