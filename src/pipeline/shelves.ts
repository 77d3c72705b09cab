import { DataError } from "../core/errors.ts";
import { fileStem, MANIFESTS, manifestKey, parseManifestName } from "../core/layout.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import type { Month } from "../core/time.ts";
import type { ObjectStore } from "../ports.ts";
import type { BucketLake } from "./bucket-lake.ts";

/** A series that has manifests, and for which months. */
export interface Shelf {
  readonly table: TableName;
  readonly series: Series;
  readonly months: readonly Month[];
}

/** Which manifests folder and bucket have: a table's are listed when they are asked for. */
export class Shelves {
  private readonly store: ObjectStore;
  private readonly remote: BucketLake | undefined;
  private readonly synthetic: boolean;
  private readonly listings = new Map<TableName, Promise<readonly Shelf[]>>();

  constructor(store: ObjectStore, synthetic: boolean, remote: BucketLake | undefined) {
    this.store = store;
    this.synthetic = synthetic;
    this.remote = remote;
  }

  /** Every series of a table that has manifests, by name. @throws DataError `other-world` */
  of(table: TableName): Promise<readonly Shelf[]> {
    const known = this.listings.get(table);
    if (known) return known;
    const listing = this.list(table);
    this.listings.set(table, listing);
    return listing;
  }

  /** Lets go of what was listed of a table. */
  forget(table: TableName): void {
    this.listings.delete(table);
  }

  private async list(table: TableName): Promise<readonly Shelf[]> {
    const shelves = new Map<string, { series: Series; months: Set<Month> }>();
    const put = ({ series, month }: { series: Series; month: Month }, label: string) => {
      if ((series.venue === "synthetic") !== this.synthetic) throw this.otherWorld(label);
      const name = fileStem(series);
      const shelf = shelves.get(name) ?? { series, months: new Set() };
      shelves.set(name, shelf);
      shelf.months.add(month);
    };
    const prefix = `${MANIFESTS}/${table}`;
    for await (const { key } of this.store.list(prefix)) {
      const found = parseManifestName(table, key.slice(prefix.length + 1));
      if (found) put(found, key);
    }
    for (const found of (await this.remote?.shelves(table)) ?? [])
      put(found, this.remote?.bucket.uri(manifestKey(table, found.series, found.month)) ?? "");
    return [...shelves.keys()].sort().map((name) => {
      const { series, months } = shelves.get(name) as { series: Series; months: Set<Month> };
      return { table, series, months: [...months].sort() };
    });
  }

  private otherWorld(key: string): DataError {
    const [its, ours] = this.synthetic ? ["a venue's", "made data"] : ["made data", "a venue's"];
    return new DataError(
      "other-world",
      `${key} is of ${its}, and ${this.store.label} of ${ours}: the two never mix. Move it away, with its objects.`,
      "candlelake config",
    );
  }
}
