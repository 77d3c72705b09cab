import { label, type StoredTable } from "./catalog.ts";
import type { Duck } from "./duck.ts";
import { invalid } from "./failure.ts";
import { SUMMARY } from "./partition.ts";
import { partitionSummaries } from "./partition-times.ts";
import type { Field } from "./schema.ts";

const column = (name: string, type: Field["type"]): Field => ({ name, type, mode: "NULLABLE" });

/**
 * `TABLE$__PARTITIONS_SUMMARY__`, which lists a table's partitions for nothing billed; times in milliseconds.
 * https://cloud.google.com/bigquery/docs/managing-partitioned-tables#get_partition_metadata_using_meta-tables
 */
const FIELDS: readonly Field[] = [
  ...["project_id", "dataset_id", "table_id", "partition_id"].map((name) => column(name, "STRING")),
  ...["creation_time", "last_modified_time"].map((name) => column(name, "INTEGER")),
];

export interface PartitionList {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly string[])[];
}

/** @throws Failure where the table has no partitions */
export async function partitionList(duck: Duck, table: StoredTable): Promise<PartitionList> {
  if (table.partitioning === undefined) {
    throw invalid(
      `Cannot read partition information from a table that is not partitioned: ${label(table.name)}$${SUMMARY}`,
    );
  }
  const { project, dataset, table: name } = table.name;
  const partitions = await partitionSummaries(duck, table);
  const rows = partitions.map(({ id, created, modified }) => [
    ...[project, dataset, name, id],
    ...[String(created), String(modified)],
  ]);
  return { fields: FIELDS, rows };
}
