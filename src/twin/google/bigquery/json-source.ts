import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duck, identifier, literal } from "./duck.ts";
import { invalid, unserved } from "./failure.ts";
import { objectOf } from "./json.ts";
import { columnText, Unfit } from "./json-values.ts";
import type { LoadOptions } from "./load-options.ts";
import { DUCK_TYPES, type Field, fieldNamed } from "./schema.ts";
import type { Source } from "./source.ts";
import type { SourceFile } from "./uris.ts";

/** Rows of newline-delimited JSON, of the columns that the job or its table names. @throws Failure */
export function openJson(
  duck: Duck,
  files: readonly SourceFile[],
  options: LoadOptions,
  known: readonly Field[] | undefined,
): Source {
  if (options.schema === undefined && known === undefined) {
    if (options.autodetect) throw unserved("autodetect of a new table's schema");
    throw invalid("No schema specified on job or table.");
  }
  let bad = 0;
  return {
    fields: undefined,
    naive: new Set(),
    badRecords: () => bad,
    copyTo: async (rows, fields) => {
      const read = readRows(files, fields, options);
      bad = read.bad;
      await copyRows(duck, rows, fields, read.rows);
    },
    close: async () => {},
  };
}

function readRows(files: readonly SourceFile[], fields: readonly Field[], options: LoadOptions) {
  const rows: (string | null)[][] = [];
  let bad = 0;
  for (const { uri, bytes } of files) {
    const lines = new TextDecoder().decode(bytes).split("\n");
    for (const [index, line] of lines.entries()) {
      if (line.trim() === "") continue;
      try {
        rows.push(rowOf(line, fields, options.ignoreUnknown));
      } catch (error) {
        if (!(error instanceof Unfit)) throw error;
        bad++;
        if (bad <= options.maxBadRecords) continue;
        throw invalid(
          `Error while reading data, error message: JSON table encountered too many errors, giving up. Rows: ${index + 1}; ` +
            `errors: ${bad}. JSON parsing error in row ${index + 1}: ${error.message} File: ${uri}`,
        );
      }
    }
  }
  return { rows, bad };
}

function rowOf(line: string, fields: readonly Field[], ignoreUnknown: boolean): (string | null)[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Unfit(`Parser terminated before end of string: ${error instanceof Error ? error.message : error}.`);
  }
  const values = new Map(Object.entries(objectOf(value)).map(([name, cell]) => [name.toLowerCase(), cell]));
  for (const name of values.keys()) {
    if (!ignoreUnknown && fieldNamed(fields, name) === undefined) throw new Unfit(`No such field: ${name}.`);
  }
  return fields.map((field) => columnText(values.get(field.name.toLowerCase()), field));
}

async function copyRows(duck: Duck, rows: string, fields: readonly Field[], texts: readonly (string | null)[][]) {
  const folder = await mkdtemp(join(tmpdir(), "bigquery-twin-"));
  try {
    const file = join(folder, "rows.json");
    const lines = texts.map((row) => JSON.stringify(Object.fromEntries(row.map((text, index) => [`c${index}`, text]))));
    await writeFile(file, lines.join("\n"));
    const columns = fields.map((_, index) => `c${index}: 'VARCHAR'`).join(", ");
    const values = fields.map(({ name, type }, index) => {
      const text = type === "BYTES" ? `from_base64(c${index})` : `CAST(c${index} AS ${DUCK_TYPES[type]})`;
      return `${text} AS ${identifier(name)}`;
    });
    const source = `read_json(${literal(file)}, format = 'newline_delimited', columns = {${columns}})`;
    await duck.ask(`CREATE TABLE ${rows} AS SELECT ${values.join(", ")} FROM ${source}`).catch((error: unknown) => {
      throw invalid(`Error while reading data, error message: ${error instanceof Error ? error.message : error}`);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
