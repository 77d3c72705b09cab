import { DATASET } from "../../core/bigquery-place.ts";
import { describeColumn, LABEL, type Layout, type Place } from "../bigquery-sql.ts";
import type { Api } from "./api.ts";
import type { DatasetResource, Field, RowsPage, TableReference, TableResource } from "./wire.ts";

const LABELS = { [LABEL.key]: LABEL.value };

/** The columns of a table, for its creation and for every load: a file's own idea of its types is never asked. */
export const fieldsOf = ({ relation }: Layout): readonly Field[] =>
  relation.columns.map((column) => ({
    name: column.name,
    type: column.type,
    mode: "NULLABLE",
    description: describeColumn(column),
  }));

/** How tables are laid out on disk; a copy needs the same on both sides. */
export const partitionOf = ({ partitionBy, clusterBy }: Layout): object => ({
  timePartitioning: { type: "MONTH", field: partitionBy },
  ...(clusterBy.length > 0 ? { clustering: { fields: clusterBy } } : {}),
});

/** Continents are written in capitals. */
const spelled = (location: string): string => (location.length === 2 ? location.toUpperCase() : location);

const naming = (project: string, dataset: string): string =>
  `--project ${project}${dataset === DATASET ? "" : ` --dataset ${dataset}`}`;

/** Datasets and tables of a warehouse, a request a call. */
export class Tables {
  readonly place: Place;
  private readonly api: Api;

  constructor(api: Api, place: Place) {
    this.api = api;
    this.place = place;
  }

  /** The options that name this warehouse in a command, whatever settings named it in the one at hand. */
  get named(): string {
    return naming(this.place.project, this.place.dataset);
  }

  reference(tableId: string): TableReference {
    return { projectId: this.place.project, datasetId: this.place.datasets.raw, tableId };
  }

  /** undefined where there is none. @throws WarehouseError */
  dataset(name: string): Promise<DatasetResource | undefined> {
    const request = { method: "GET", path: `datasets/${name}`, doing: `look at dataset ${name}` } as const;
    return this.api.callOr<DatasetResource, undefined>(request, 404, undefined);
  }

  /** Whether it was made now; false where somebody was faster. @throws WarehouseError */
  async createDataset(name: string, description: string): Promise<boolean> {
    const { project: projectId, location } = this.place;
    const body = {
      datasetReference: { projectId, datasetId: name },
      location: spelled(location),
      description,
      labels: LABELS,
    };
    const request = { method: "POST", path: "datasets", body, doing: `create dataset ${name}` } as const;
    return (await this.api.callOr<object, false>(request, 409, false)) !== false;
  }

  /** undefined where there is none, or no dataset. @throws WarehouseError */
  table(name: string): Promise<TableResource | undefined> {
    const request = { method: "GET", path: this.path(name), doing: `look at table ${name}` } as const;
    return this.api.callOr<TableResource, undefined>(request, 404, undefined);
  }

  /** undefined where somebody was faster. @throws WarehouseError */
  create(name: string, layout: Layout, more: object = {}): Promise<TableResource | undefined> {
    const body = {
      tableReference: this.reference(name),
      description: layout.relation.doc,
      labels: LABELS,
      schema: { fields: fieldsOf(layout) },
      ...partitionOf(layout),
      ...more,
    };
    const path = `datasets/${this.place.datasets.raw}/tables`;
    const request = { method: "POST", path, body, doing: `create table ${name}` } as const;
    return this.api.callOr<TableResource, undefined>(request, 409, undefined);
  }

  /** Says that a table is ours. @throws WarehouseError */
  async label({ tableReference, labels }: TableResource): Promise<void> {
    const name = tableReference.tableId;
    const body = { labels: { ...labels, ...LABELS } };
    await this.api.call({ method: "PATCH", path: this.path(name), body, doing: `label ${name}` });
  }

  /** A table, or one of its partitions (`NAME$YYYYMM`); what is gone already, is. @throws WarehouseError */
  async remove(name: string): Promise<void> {
    const request = { method: "DELETE", path: this.path(name), doing: `delete ${name}` } as const;
    await this.api.callOr(request, 404, undefined);
  }

  /** Rows of a table or partition, read as data: no query, nothing billed. @throws WarehouseError */
  async count(name: string): Promise<number> {
    const path = `${this.path(name)}/data`;
    const request = { method: "GET", path, query: { maxResults: "1" }, doing: `count rows of ${name}` } as const;
    const page = await this.api.callOr<RowsPage, RowsPage>(request, 404, {});
    return Number(page.totalRows ?? 0);
  }

  /**
   * When each partition was last written to, by partition ID, in milliseconds; read as data: no query, nothing billed.
   * https://cloud.google.com/bigquery/docs/managing-partitioned-tables#get_partition_metadata_using_meta-tables
   * @throws WarehouseError
   */
  async partitions({ tableReference }: TableResource): Promise<ReadonlyMap<string, number>> {
    const list = await this.table(`${tableReference.tableId}$__PARTITIONS_SUMMARY__`);
    const times = new Map<string, number>();
    for await (const cells of list ? this.rows(list) : [])
      times.set(cells["partition_id"] ?? "", Number(cells["last_modified_time"]));
    return times;
  }

  /** All rows of a table, page by page, by column name. @throws WarehouseError */
  async *rows({ tableReference, schema }: TableResource): AsyncGenerator<Readonly<Record<string, string>>> {
    const names = (schema?.fields ?? []).map((field) => field.name);
    const path = `${this.path(tableReference.tableId)}/data`;
    const query = { maxResults: "100000", "formatOptions.useInt64Timestamp": "true" };
    let pageToken: string | undefined;
    do {
      const page: RowsPage = await this.api.call({
        method: "GET",
        path,
        query: pageToken ? { ...query, pageToken } : query,
        doing: `read ${tableReference.tableId}`,
      });
      for (const { f } of page.rows ?? []) {
        yield Object.fromEntries(f.map(({ v }, index) => [names[index] ?? "", String(v ?? "")]));
      }
      pageToken = page.pageToken;
    } while (pageToken);
  }

  private path(name: string): string {
    return `datasets/${this.place.datasets.raw}/tables/${encodeURIComponent(name)}`;
  }
}
