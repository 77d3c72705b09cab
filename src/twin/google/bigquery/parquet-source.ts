import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duck, identifier, literal } from "./duck.ts";
import { invalid } from "./failure.ts";
import { columnsOfFiles, type FileColumn, isParquet, type ParquetOptions, readingFailed } from "./parquet-schema.ts";
import { DUCK_TYPES, type Field } from "./schema.ts";
import type { Source } from "./source.ts";
import type { SourceFile } from "./uris.ts";

/** Opens Parquet files: all of them as the last one by name. @throws Failure */
export async function openParquet(duck: Duck, files: readonly SourceFile[], options: ParquetOptions): Promise<Source> {
  const strange = files.find(({ bytes }) => !isParquet(bytes));
  if (strange !== undefined) throw notParquet(strange.uri);
  const folder = await mkdtemp(join(tmpdir(), "bigquery-twin-"));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const paths = files.map((_, index) => join(folder, `${index}.parquet`));
    await Promise.all(files.map(({ bytes }, index) => writeFile(paths[index] ?? "", bytes)));
    const all = await columnsOfFiles(duck, paths, options).catch((error: unknown) => {
      throw named(error, paths, files);
    });
    const last = files.reduce((best, { uri }, index) => (uri > (files[best]?.uri ?? "") ? index : best), 0);
    const columns = all[last] ?? [];
    const spelled = (list: readonly FileColumn[]) =>
      list.map(({ name, type, mode }) => `${name} ${type} ${mode}`).join(", ");
    const odd = all.findIndex((list) => spelled(list) !== spelled(columns));
    if (odd >= 0) {
      throw readingFailed(
        `Schema mismatch: ${files[odd]?.uri} has (${spelled(all[odd] ?? [])}), ${files[last]?.uri} has (${spelled(columns)}).`,
      );
    }
    return {
      fields: columns.map(({ name, type, mode }) => ({ name, type, mode })),
      naive: new Set(columns.filter(({ naive }) => naive).map(({ name }) => name.toLowerCase())),
      copyTo: async (rows, fields) => {
        const select = `SELECT ${fields.map((field) => columnValue(field, columns)).join(", ")}`;
        const from = `read_parquet([${paths.map(literal).join(", ")}], hive_partitioning = false)`;
        await duck.ask(`CREATE TABLE ${rows} AS ${select} FROM ${from}`).catch((error: unknown) => {
          throw named(error, paths, files);
        });
      },
      badRecords: () => 0,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function columnValue({ name, type }: Field, columns: readonly FileColumn[]): string {
  const column = columns.find((known) => known.name.toLowerCase() === name.toLowerCase());
  return `CAST(${column?.value ?? "NULL"} AS ${DUCK_TYPES[type]}) AS ${identifier(name)}`;
}

const notParquet = (uri: string) =>
  invalid(`Error while reading data, error message: Input file is not in Parquet format. File: ${uri}`);

/** DuckDB's complaint with the object's name in place of the file's. */
function named(error: unknown, paths: readonly string[], files: readonly SourceFile[]): unknown {
  if (!(error instanceof Error) || error.name === "Failure" || "reason" in error) return error;
  const [line = ""] = error.message.split("\n");
  const text = paths.reduceRight((told, path, index) => told.replaceAll(path, files[index]?.uri ?? ""), line);
  return readingFailed(text);
}
