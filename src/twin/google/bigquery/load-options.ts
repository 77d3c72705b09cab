import type { TableName } from "./catalog.ts";
import { invalid, unserved } from "./failure.ts";
import { flagOf, integerOf, type Json, objectOf, textOf, textsOf } from "./json.ts";
import { splitDecorator } from "./partition.ts";
import { type Field, fieldsOf } from "./schema.ts";
import { checkServed } from "./served.ts";

export const WRITES = ["WRITE_TRUNCATE", "WRITE_APPEND", "WRITE_EMPTY"] as const;
export type Write = (typeof WRITES)[number];
export const CREATES = ["CREATE_IF_NEEDED", "CREATE_NEVER"] as const;
export type Create = (typeof CREATES)[number];

/** Where a job's rows go. */
export interface Destination {
  readonly table: TableName;
  readonly decorator: string | undefined;
  readonly write: Write;
  readonly create: Create;
}

export interface LoadOptions extends Destination {
  readonly uris: readonly string[];
  readonly format: "PARQUET" | "NEWLINE_DELIMITED_JSON";
  readonly schema: readonly Field[] | undefined;
  readonly autodetect: boolean;
  readonly timePartitioning: unknown;
  readonly clustering: unknown;
  readonly mayAdd: boolean;
  readonly mayRelax: boolean;
  readonly ignoreUnknown: boolean;
  readonly maxBadRecords: number;
  readonly decimalTargetTypes: readonly string[];
  readonly enumAsString: boolean;
  readonly hivePrefix: string | undefined;
}

/** Options that are obeyed, or that change nothing where they stand at their defaults. */
const SERVED = [
  "sourceUris",
  "sourceFormat",
  "schema",
  "autodetect",
  "destinationTable",
  "writeDisposition",
  "createDisposition",
  "timePartitioning",
  "clustering",
  "schemaUpdateOptions",
  "ignoreUnknownValues",
  "maxBadRecords",
  "decimalTargetTypes",
  "parquetOptions",
  "hivePartitioningOptions",
  "encoding",
  "allowQuotedNewlines",
  "allowJaggedRows",
  "nullMarker",
  "preserveAsciiControlCharacters",
  "useAvroLogicalTypes",
  // Google's client for Node sends it here too; the service does not know it.
  "location",
];

/** A destination with its dispositions. @throws Failure */
export function destinationOf(configuration: Json, project: string, usual: Write): Destination {
  const { projectId, datasetId, tableId } = objectOf(configuration["destinationTable"]);
  const dataset = textOf(datasetId);
  const id = textOf(tableId);
  if (dataset === undefined || id === undefined) throw invalid("Required parameter is missing: destinationTable");
  const { name, decorator } = splitDecorator(id);
  const write = textOf(configuration["writeDisposition"]) ?? usual;
  const create = textOf(configuration["createDisposition"]) ?? "CREATE_IF_NEEDED";
  const known = WRITES.find((value) => value === write);
  if (known === undefined) throw invalid(`Invalid value for writeDisposition: ${write} is not a valid value`);
  const may = CREATES.find((value) => value === create);
  if (may === undefined) throw invalid(`Invalid value for createDisposition: ${create} is not a valid value`);
  return {
    table: { project: textOf(projectId) ?? project, dataset, table: name },
    decorator,
    write: known,
    create: may,
  };
}

/** @throws Failure */
export function loadOptionsOf(configuration: Json, project: string): LoadOptions {
  checkServed(configuration, SERVED, "configuration.load");
  const format = (textOf(configuration["sourceFormat"]) ?? "CSV").toUpperCase();
  if (format !== "PARQUET" && format !== "NEWLINE_DELIMITED_JSON") throw unserved(`sourceFormat ${format}`);
  const destination = destinationOf(configuration, project, "WRITE_APPEND");
  const updates = textsOf(configuration["schemaUpdateOptions"]);
  const whole = destination.write === "WRITE_TRUNCATE" && destination.decorator === undefined;
  if (updates.length > 0 && (destination.write === "WRITE_EMPTY" || whole)) {
    throw invalid(
      "Schema update options should only be specified with WRITE_APPEND disposition, or with WRITE_TRUNCATE disposition on a table partition.",
    );
  }
  const types = textsOf(configuration["decimalTargetTypes"]);
  const { enumAsString, enableListInference } = objectOf(configuration["parquetOptions"]);
  if (flagOf(enableListInference)) throw unserved("parquetOptions.enableListInference");
  const hive = objectOf(configuration["hivePartitioningOptions"]);
  return {
    ...destination,
    format,
    uris: textsOf(configuration["sourceUris"]),
    schema: fieldsOf(configuration["schema"]),
    autodetect: flagOf(configuration["autodetect"]),
    timePartitioning: configuration["timePartitioning"],
    clustering: configuration["clustering"],
    mayAdd: updates.includes("ALLOW_FIELD_ADDITION"),
    mayRelax: updates.includes("ALLOW_FIELD_RELAXATION"),
    ignoreUnknown: flagOf(configuration["ignoreUnknownValues"]),
    maxBadRecords: integerOf(configuration["maxBadRecords"]) ?? 0,
    decimalTargetTypes: types.length > 0 ? types : ["NUMERIC"],
    enumAsString: flagOf(enumAsString),
    hivePrefix: "mode" in hive || "sourceUriPrefix" in hive ? (textOf(hive["sourceUriPrefix"]) ?? "") : undefined,
  };
}
