import { systemClock } from "../../src/net/system-clock.ts";
import { SILENT } from "../../src/open.ts";
import type { Applied } from "../../src/pipeline/apply.ts";
import { Engine, type Request } from "../../src/pipeline/engine.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import type { Bucket, BucketObject, BucketUsage } from "../../src/ports/bucket.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { GcsBucket } from "../../src/stores/gcs.ts";
import { type GoogleTwin, type GoogleTwinOptions, startGoogleTwin } from "../../src/twin/google/start.ts";
import type { OnStep } from "../../src/warehouses/bigquery/jobs.ts";
import type { BigQueryOptions } from "../../src/warehouses/bigquery.ts";
import { openBigQuery } from "./bigquery.ts";
import { TemporaryFolder } from "./folder.ts";
import type { ModelVenue } from "./model-venue.ts";
import { realPorts } from "./real-lab.ts";

/** Some machines, each with a folder of its own, one bucket of Cloud Storage's stand-in, and a model venue. */
export class CloudLab implements AsyncDisposable {
  readonly google: GoogleTwin;
  readonly venue: ModelVenue;
  private readonly folder = new TemporaryFolder();

  private constructor(google: GoogleTwin, venue: ModelVenue) {
    this.google = google;
    this.venue = venue;
  }

  static async open(venue: ModelVenue, options: GoogleTwinOptions = {}): Promise<CloudLab> {
    return new CloudLab(await startGoogleTwin(options), venue);
  }

  /** Another client of the bucket, as another process has it. */
  bucket(): Bucket {
    const access = { endpoint: this.google.url, project: "demo" };
    return new GcsBucket({ name: "demo-bucket", root: "raw/", access, log: SILENT, clock: systemClock });
  }

  /** Puts an object under any name, as others do: our client takes keys of the lake's only. */
  async put(name: string, text: string): Promise<{ readonly generation: string }> {
    const query = new URLSearchParams({ uploadType: "media", name });
    const url = `${this.google.url}/upload/storage/v1/b/demo-bucket/o?${query}`;
    const answer = await fetch(url, { method: "POST", body: text });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json() as Promise<{ generation: string }>;
  }

  path(machine: string): string {
    return this.folder.join(machine);
  }

  machine(name: string, bucket: Bucket = this.bucket()): Machine {
    return new Machine(this.path(name), this.venue, bucket);
  }

  /** A machine that loads into BigQuery's stand-in. `onStep` may do what others do meanwhile. */
  loader(name: string, onStep: OnStep = async () => {}, more: Partial<BigQueryOptions> = {}): Machine {
    const warehouse = openBigQuery({ endpoint: this.google.url }, { onStep, ...more });
    return new Machine(this.path(name), this.venue, this.bucket(), warehouse);
  }

  /** What the bucket holds, by key, with metadata. */
  async objects(): Promise<ReadonlyMap<string, BucketObject>> {
    const all = new Map<string, BucketObject>();
    for await (const object of this.bucket().list("")) all.set(object.key, object);
    return all;
  }

  /** Objects' hashes and manifests' texts without what differs from one run to the next: generations. */
  async contents(): Promise<Record<string, string>> {
    const bucket = this.bucket();
    const contents: Record<string, string> = {};
    for (const [key, { metadata }] of await this.objects()) {
      const text = key.endsWith(".json") ? new TextDecoder().decode(await bucket.read(key)) : "";
      contents[key] = text.replaceAll(/"generation":"\d+"/g, '"generation":"…"') || `${metadata["sha256"]}`;
    }
    return contents;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.google.close();
    this.folder[Symbol.dispose]();
  }
}

export class Machine implements AsyncDisposable {
  readonly engine: Engine;
  private readonly bucket: Bucket;

  constructor(data: string, venue: ModelVenue, bucket: Bucket, warehouse?: Warehouse) {
    this.bucket = bucket;
    const ports = { ...realPorts(data, venue), bucket: async () => bucket };
    this.engine = new Engine(warehouse ? { ...ports, warehouse: async () => warehouse } : ports);
  }

  get usage(): BucketUsage {
    return this.bucket.usage;
  }

  ingest(...wishes: readonly Wish[]): Promise<Applied> {
    return this.apply({ wishes, load: null });
  }

  apply(request: Request): Promise<Applied> {
    return this.engine.apply(request, "candlelake test");
  }

  async plan(...wishes: readonly Wish[]): Promise<string[]> {
    const { steps } = await this.engine.plan({ wishes, load: null });
    return steps.map(
      (step) => `${step.action} ${step.table} ${step.action === "load" ? step.month : step.day}: ${step.reason}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
  }
}

/** `fetch done 3, upload done 3`: what became of a run's steps. */
export function tally({ outcomes }: Applied): string {
  const groups = Map.groupBy(outcomes, ({ step, status, error }) => `${step.action} ${error?.code ?? status}`);
  return [...groups].map(([name, members]) => `${name} ${members.length}`).join(", ");
}
