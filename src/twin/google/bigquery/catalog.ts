import { notFound } from "./failure.ts";
import type { Json } from "./json.ts";
import type { TimePartitioning } from "./partition.ts";
import type { PartitionTimes } from "./partition-times.ts";
import type { Field } from "./schema.ts";

export interface TableName {
  readonly project: string;
  readonly dataset: string;
  readonly table: string;
}

export interface StoredTable {
  readonly name: TableName;
  readonly created: number;
  modified: number;
  /** What can be patched and means nothing to the stand-in: description, labels, … */
  details: Json;
  fields: readonly Field[];
  partitioning: TimePartitioning | undefined;
  /** By partition ID; of partitions that are gone too. */
  partitions: Map<string, PartitionTimes>;
  clustering: readonly string[];
  /** The text of a view; undefined for a table. */
  readonly view: string | undefined;
  /** Its rows' table in DuckDB. */
  rows: string;
  rowCount: number;
  /** Logical bytes, as BigQuery counts them. */
  bytes: number;
  /** When its oldest partition, or all of it, vanishes; milliseconds. Infinity: never. */
  expires: number;
  version: number;
}

export interface StoredDataset {
  readonly project: string;
  readonly id: string;
  /** As BigQuery spells it: `US`, `us-central1`. */
  readonly location: string;
  readonly created: number;
  modified: number;
  details: Json;
  version: number;
  readonly tables: Map<string, StoredTable>;
}

/** `demo:raw.klines`, as messages have it. */
export const label = ({ project, dataset, table }: TableName): string => `${project}:${dataset}.${table}`;

/** What there is: datasets and their tables. */
export class Catalog {
  readonly #datasets = new Map<string, StoredDataset>();

  datasets(project: string): readonly StoredDataset[] {
    return [...this.#datasets.values()]
      .filter((dataset) => dataset.project === project)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Every table of every project. */
  tables(): readonly StoredTable[] {
    return [...this.#datasets.values()].flatMap(({ tables }) => [...tables.values()]);
  }

  find(project: string, id: string): StoredDataset | undefined {
    return this.#datasets.get(`${project}:${id}`);
  }

  /** @throws Failure */
  dataset(project: string, id: string): StoredDataset {
    const found = this.find(project, id);
    if (found === undefined) throw notFound(`Dataset ${project}:${id}`);
    return found;
  }

  add(dataset: StoredDataset): void {
    this.#datasets.set(`${dataset.project}:${dataset.id}`, dataset);
  }

  remove({ project, id }: StoredDataset): void {
    this.#datasets.delete(`${project}:${id}`);
  }

  /** @throws Failure */
  table(name: TableName): StoredTable {
    const found = this.dataset(name.project, name.dataset).tables.get(name.table);
    if (found === undefined) throw notFound(`Table ${label(name)}`);
    return found;
  }
}
