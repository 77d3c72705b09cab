import { label, type StoredDataset, type StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import { invalid, notFound } from "./failure.ts";
import type { Json } from "./json.ts";
import { type LoadOptions, loadOptionsOf } from "./load-options.ts";
import { fieldsAfter } from "./load-schema.ts";
import { openParquet } from "./parquet-source.ts";
import { partitionNamed } from "./partition.ts";
import { put } from "./placement.ts";
import type { Field } from "./schema.ts";
import type { Source } from "./source.ts";
import { createTable } from "./tables.ts";
import { readUris, type SourceFile } from "./uris.ts";

export interface LoadJob {
  readonly configuration: Json;
  readonly project: string;
  /** The file that came with the job, in place of URIs. */
  readonly upload: Uint8Array | undefined;
}

/** Carries a load job out, all of it or nothing. @returns `statistics.load` @throws Failure */
export async function load(context: Context, { configuration, project, upload }: LoadJob): Promise<Json> {
  const options = loadOptionsOf(configuration, project);
  const dataset = context.catalog.dataset(options.table.project, options.table.dataset);
  const files =
    upload === undefined
      ? readUris(context.objects, options.uris, dataset.location)
      : [{ uri: "the upload", bytes: upload }];
  const existing = dataset.tables.get(options.table.table);
  if (existing === undefined && options.create === "CREATE_NEVER") throw notFound(`Table ${label(options.table)}`);
  if (existing?.view !== undefined) throw invalid(`Cannot load into the view ${label(options.table)}`);
  const source = await openParquet(context.duck, files, options);
  try {
    const fields = fieldsAfter(source, options, existing);
    const { count, bytes } = await place(context, options, { source, fields, existing, dataset });
    return {
      inputFiles: String(files.length),
      inputFileBytes: String(sizeOf(files)),
      outputRows: String(count),
      outputBytes: String(bytes),
      badRecords: "0",
    };
  } finally {
    await source.close();
  }
}

const sizeOf = (files: readonly SourceFile[]): number => files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);

interface Arrival {
  readonly source: Source;
  readonly fields: readonly Field[];
  readonly existing: StoredTable | undefined;
  readonly dataset: StoredDataset;
}

async function place(context: Context, options: LoadOptions, { source, fields, existing, dataset }: Arrival) {
  const { duck } = context;
  const { table: name, decorator, write, timePartitioning, clustering } = options;
  const rows = duck.freshName();
  try {
    await source.copyTo(rows, fields);
    const table = existing ?? (await createTable(context, { name, fields, timePartitioning, clustering }));
    try {
      const partition =
        decorator === undefined ? undefined : partitionNamed(label(name), decorator, table.partitioning);
      return await put(context, table, { rows, fields, write, partition });
    } catch (error) {
      if (existing === undefined) {
        dataset.tables.delete(name.table);
        await duck.ask(`DROP TABLE ${table.rows}`);
      }
      throw error;
    }
  } finally {
    await duck.ask(`DROP TABLE IF EXISTS ${rows}`);
  }
}
