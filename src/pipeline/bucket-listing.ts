import { MANIFESTS, partitionFolder } from "../core/layout.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import type { Month } from "../core/time.ts";
import { TABLES } from "../market/tables.ts";
import type { Bucket, BucketObject } from "../ports/bucket.ts";

/** Months of a table that are listed one by one; of more, the whole table is. */
const FEW_MONTHS = 3;
/** Objects that one list call tells. */
const PAGE = 1000;
/** Objects of a manifest. */
const MOST_DAYS = 31;

/** What list calls told of a bucket: nothing is asked of it an object at a time. */
export class BucketListing {
  private readonly bucket: Bucket;
  private readonly signal: AbortSignal | undefined;
  private readonly tables = new Map<TableName, Promise<ReadonlyMap<string, BucketObject>>>();
  private readonly objects = new Map<string, BucketObject>();
  private readonly listed = new Map<string, Promise<void>>();
  /** Everything was listed. */
  private isWhole = false;

  constructor(bucket: Bucket, signal: AbortSignal | undefined) {
    this.bucket = bucket;
    this.signal = signal;
  }

  /** Lists everything under the root, once for all that is asked afterwards. @throws StoreError */
  async listAll(): Promise<readonly BucketObject[]> {
    const all: BucketObject[] = [];
    for await (const object of this.bucket.list("", this.signal)) all.push(object);
    for (const { name } of TABLES) {
      const own = all.filter(({ key }) => key.startsWith(`${MANIFESTS}/${name}/`));
      this.tables.set(name, Promise.resolve(new Map(own.map((object) => [object.key, object]))));
    }
    for (const object of all) if (!object.key.startsWith(`${MANIFESTS}/`)) this.objects.set(object.key, object);
    this.isWhole = true;
    return all;
  }

  /** Every object but manifests, where everything was listed; else none. */
  all(): readonly BucketObject[] {
    return this.isWhole ? [...this.objects.values()] : [];
  }

  /** Every manifest of a table, by key. @throws StoreError */
  manifests(table: TableName): Promise<ReadonlyMap<string, BucketObject>> {
    const known = this.tables.get(table);
    if (known) return known;
    const listing = (async () => {
      const found = new Map<string, BucketObject>();
      for await (const object of this.bucket.list(`${MANIFESTS}/${table}`, this.signal)) found.set(object.key, object);
      return found;
    })();
    this.tables.set(table, listing);
    return listing;
  }

  /** Lists the objects of the months; with the whole table's where they are many, or it fits a page. @throws StoreError */
  async open(table: TableName, series: Series, months: readonly Month[]): Promise<void> {
    if (this.isWhole) return;
    const whole = partitionFolder(table, series, undefined);
    const isPage = (await this.manifests(table)).size * MOST_DAYS <= PAGE;
    const prefixes =
      months.length > FEW_MONTHS || isPage || this.listed.has(whole)
        ? [whole]
        : months.map((month) => partitionFolder(table, series, month));
    await Promise.all(prefixes.map((prefix) => this.listFolder(prefix)));
  }

  private listFolder(prefix: string): Promise<void> {
    const known = this.listed.get(prefix);
    if (known) return known;
    const listing = this.learn(prefix, this.signal);
    this.listed.set(prefix, listing);
    return listing;
  }

  private async learn(prefix: string, signal: AbortSignal | undefined): Promise<void> {
    for await (const object of this.bucket.list(prefix, signal)) this.objects.set(object.key, object);
  }

  /** The object at a key, as it was listed. */
  object(key: string): BucketObject | undefined {
    return this.objects.get(key);
  }

  /** Bytes of all objects that were seen. */
  get bytes(): number {
    return [...this.objects.values()].reduce((sum, object) => sum + object.bytes, 0);
  }

  /** An object that was just written. */
  note(object: BucketObject): void {
    this.objects.set(object.key, object);
  }

  /** Lists again what lies in the objects' months, or tables: what is known of it is as old as the run. @throws StoreError */
  async look(keys: Iterable<string>, signal: AbortSignal | undefined): Promise<void> {
    const months = new Map<string, Set<string>>();
    for (const key of keys) {
      const month = key.slice(0, key.lastIndexOf("/dd="));
      const table = month.slice(0, month.indexOf("/"));
      months.set(table, (months.get(table) ?? new Set()).add(month));
    }
    const prefixes = [...months].flatMap(([table, some]) => (some.size > FEW_MONTHS ? [table] : [...some]));
    for (const key of this.objects.keys())
      if (prefixes.some((prefix) => key.startsWith(`${prefix}/`))) this.objects.delete(key);
    await Promise.all(prefixes.map((prefix) => this.learn(prefix, signal)));
  }

  /** Forgets all that was listed of a table. */
  forget(table: TableName): void {
    for (const key of this.objects.keys()) if (key.startsWith(`${table}/`)) this.objects.delete(key);
    for (const folder of this.listed.keys()) if (`${folder}/`.startsWith(`${table}/`)) this.listed.delete(folder);
    this.tables.delete(table);
    this.isWhole = false;
  }
}
