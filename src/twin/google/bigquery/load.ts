import { label, type StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import { invalid, notFound, unserved } from "./failure.ts";
import type { Plan } from "./job-requests.ts";
import type { Json } from "./json.ts";
import { openJson } from "./json-source.ts";
import { destinationOf, type LoadOptions, loadOptionsOf } from "./load-options.ts";
import { fieldsAfter } from "./load-schema.ts";
import { createTable, dropTable } from "./new-table.ts";
import { openParquet } from "./parquet-source.ts";
import { partitionNamed } from "./partition.ts";
import { put } from "./placement.ts";
import { type Field, fieldNamed } from "./schema.ts";
import type { Source } from "./source.ts";
import { readUris, type SourceFile } from "./uris.ts";

/**
 * @param upload the file that came with the job, in place of URIs
 * @throws Failure where the job is not even taken on
 */
export function loadPlan(context: Context, project: string, section: Json, upload: Uint8Array | undefined): Plan {
  const { table } = destinationOf(section, project, "WRITE_APPEND");
  return {
    kind: "LOAD",
    location: context.catalog.dataset(table.project, table.dataset).location,
    dataset: table,
    destination: table,
    work: async () => ({ load: await load(context, loadOptionsOf(section, project), upload) }),
  };
}

/** Carries a load job out, all of it or nothing. @returns `statistics.load` @throws Failure */
async function load(context: Context, options: LoadOptions, upload: Uint8Array | undefined): Promise<Json> {
  const dataset = context.catalog.dataset(options.table.project, options.table.dataset);
  const files =
    upload === undefined
      ? readUris(context.objects, options.uris, dataset.location)
      : [{ uri: "the upload", bytes: upload }];
  const existing = dataset.tables.get(options.table.table);
  if (existing === undefined && options.create === "CREATE_NEVER") throw notFound(`Table ${label(options.table)}`);
  if (existing?.view !== undefined) throw invalid(`Cannot load into the view ${label(options.table)}`);
  const source =
    options.format === "PARQUET"
      ? await openParquet(context.duck, files, options)
      : openJson(context.duck, files, options, existing?.fields);
  try {
    checkHive(options, source, files);
    const fields = fieldsAfter(source, options, existing);
    const { count, bytes } = await place(context, options, { source, fields, existing });
    return {
      inputFiles: String(files.length),
      inputFileBytes: String(sizeOf(files)),
      outputRows: String(count),
      outputBytes: String(bytes),
      badRecords: String(source.badRecords()),
    };
  } finally {
    await source.close();
  }
}

/** Keys in paths become columns; they must not meet the files' own. @throws Failure */
function checkHive({ hivePrefix }: LoadOptions, { fields = [] }: Source, files: readonly SourceFile[]): void {
  if (hivePrefix === undefined) return;
  const stem = hivePrefix.replace(/\{.*$/s, "").replace(/\/$/, "");
  for (const { uri } of files) {
    if (!uri.startsWith(`${stem}/`))
      throw invalid(`Source URI ${uri} does not begin with the source URI prefix ${stem}.`);
    for (const [, key = ""] of uri.slice(stem.length).matchAll(/([^/=]+)=[^/]*\//g)) {
      if (fieldNamed(fields, key) === undefined) continue;
      throw invalid(
        `Error while reading data, error message: Partition keys should not be part of the file schema: ${key}`,
      );
    }
  }
  throw unserved("hivePartitioningOptions");
}

const sizeOf = (files: readonly SourceFile[]): number => files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);

interface Arrival {
  readonly source: Source;
  readonly fields: readonly Field[];
  readonly existing: StoredTable | undefined;
}

async function place(context: Context, options: LoadOptions, { source, fields, existing }: Arrival) {
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
      if (existing === undefined) await dropTable(context, table);
      throw error;
    }
  } finally {
    await duck.ask(`DROP TABLE IF EXISTS ${rows}`);
  }
}
