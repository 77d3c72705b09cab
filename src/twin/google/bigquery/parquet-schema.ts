import type { Cell, Duck } from "./duck.ts";
import { identifier, literal } from "./duck.ts";
import { type Failure, invalid, unserved } from "./failure.ts";
import type { FieldType, Mode } from "./schema.ts";

/** A column of a Parquet file as BigQuery reads it. */
export interface FileColumn {
  readonly name: string;
  readonly type: FieldType;
  readonly mode: Mode;
  /** Its value in SQL over `read_parquet`. */
  readonly value: string;
  /** Written without a time zone: a provided schema may call it DATETIME. */
  readonly naive: boolean;
}

export interface ParquetOptions {
  readonly decimalTargetTypes: readonly string[];
  readonly enumAsString: boolean;
}

const CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4_RAW"];
const ENCODINGS = ["PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"];

export const readingFailed = (why: string): Failure => invalid(`Error while reading data, error message: ${why}`);

/** Columns of every file, in the files' order. @throws Failure */
export async function columnsOfFiles(
  duck: Duck,
  paths: readonly string[],
  options: ParquetOptions,
): Promise<readonly (readonly FileColumn[])[]> {
  const list = `[${paths.map(literal).join(", ")}]`;
  const { rows } = await duck.ask(
    "SELECT file_name, name, type, repetition_type, num_children, converted_type, logical_type, scale, precision " +
      `FROM parquet_schema(${list}) ORDER BY column_id`,
  );
  const files = new Map<string, FileColumn[]>(paths.map((path) => [path, []]));
  const roots = new Set<string>();
  for (const row of rows) {
    const [file, name, type, repetition, children, converted, logical, scale, precision] = row.map(spelled);
    if (!roots.has(file ?? "")) {
      roots.add(file ?? "");
      continue;
    }
    if (children !== "" || repetition === "REPEATED") throw unserved(`Nested column ${name}`);
    const decimal = { scale: Number(scale), precision: Number(precision) };
    const read = { type: type ?? "", converted: converted ?? "", logical: logical ?? "", decimal };
    const naive = read.logical.includes("isAdjustedToUTC=0");
    files.get(file ?? "")?.push({
      name: name ?? "",
      mode: repetition === "REQUIRED" ? "REQUIRED" : "NULLABLE",
      naive,
      ...typeOf(name ?? "", read, options),
    });
  }
  await checkStorage(duck, list);
  return [...files.values()];
}

const spelled = (cell: Cell): string => (cell === null ? "" : String(cell));

interface Annotated {
  readonly type: string;
  readonly converted: string;
  readonly logical: string;
  readonly decimal: { readonly scale: number; readonly precision: number };
}

type Typed = Pick<FileColumn, "type" | "value">;

/** Source: BigQuery's manual, "Loading Parquet data", type conversions. @throws Failure */
function typeOf(name: string, { type, converted, logical, decimal }: Annotated, options: ParquetOptions): Typed {
  const value = identifier(name);
  if (converted === "DECIMAL" || logical.startsWith("Decimal"))
    return { type: decimalType(name, decimal, options), value };
  switch (type) {
    case "BOOLEAN":
      return { type: "BOOLEAN", value };
    case "INT32":
      if (converted === "DATE" || logical.startsWith("Date")) return { type: "DATE", value };
      if (converted === "TIME_MILLIS" || logical.startsWith("Time(")) return { type: "TIME", value };
      return { type: "INTEGER", value };
    case "INT64":
      return longType(converted, logical, value);
    case "INT96":
      return { type: "TIMESTAMP", value };
    case "FLOAT":
    case "DOUBLE":
      return { type: "FLOAT", value };
    case "BYTE_ARRAY":
      if (converted === "UTF8" || logical.startsWith("String")) return { type: "STRING", value };
      if (converted === "ENUM" && options.enumAsString) return { type: "STRING", value };
      if (converted === "" && logical === "") return { type: "BYTES", value };
      if (converted === "ENUM") return { type: "BYTES", value: `encode(${value}::VARCHAR)` };
      throw unserved(`Column ${name}: BYTE_ARRAY ${converted || logical}`);
    case "FIXED_LEN_BYTE_ARRAY":
      if (logical === "" && converted === "") return { type: "BYTES", value };
      throw unserved(`Column ${name}: FIXED_LEN_BYTE_ARRAY ${converted || logical}`);
    default:
      throw readingFailed(`Column ${name} has the unsupported Parquet type ${type}.`);
  }
}

function longType(converted: string, logical: string, value: string): Typed {
  if (/TIMESTAMP_MI/.test(converted)) return { type: "TIMESTAMP", value };
  if (/TIME_MICROS/.test(converted)) return { type: "TIME", value };
  if (!logical.startsWith("Timestamp")) return { type: "INTEGER", value };
  // Nanoseconds have no type in BigQuery: the bare number arrives.
  if (/NANOS=Nano/.test(logical)) return { type: "INTEGER", value: `epoch_ns(${value}::TIMESTAMP_NS)` };
  return { type: "TIMESTAMP", value };
}

/** Integer digits and scale that the types have room for. */
const DECIMALS = { NUMERIC: { digits: 29, scale: 9 }, BIGNUMERIC: { digits: 38, scale: 38 } } as const;

function decimalType(name: string, { scale, precision }: Annotated["decimal"], options: ParquetOptions): FieldType {
  for (const target of ["NUMERIC", "BIGNUMERIC"] as const) {
    const room = DECIMALS[target];
    const fits = scale <= room.scale && precision - scale <= room.digits;
    if (fits && options.decimalTargetTypes.includes(target)) return target;
  }
  if (options.decimalTargetTypes.includes("STRING")) return "STRING";
  throw readingFailed(
    `Column ${name}: DECIMAL(${precision}, ${scale}) fits none of ${options.decimalTargetTypes.join(", ")}.`,
  );
}

async function checkStorage(duck: Duck, list: string): Promise<void> {
  const { rows } = await duck.ask(
    `SELECT DISTINCT path_in_schema, compression, encodings FROM parquet_metadata(${list})`,
  );
  for (const row of rows) {
    const [column, codec = "", encodings = ""] = row.map(spelled);
    if (!CODECS.includes(codec)) throw readingFailed(`Unsupported compression codec ${codec} of column ${column}.`);
    const strange = encodings.split(", ").find((encoding) => encoding !== "" && !ENCODINGS.includes(encoding));
    if (strange !== undefined) throw readingFailed(`Unsupported encoding ${strange} of column ${column}.`);
  }
}

const MAGIC = "PAR1";

/** Whether the bytes begin and end as Parquet does. */
export function isParquet(bytes: Uint8Array): boolean {
  const text = (from: number, to?: number) => Buffer.from(bytes.slice(from, to)).toString("latin1");
  return bytes.byteLength >= 12 && text(0, 4) === MAGIC && text(-4) === MAGIC;
}
