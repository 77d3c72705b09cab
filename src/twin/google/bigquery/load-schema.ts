import { label, type StoredTable, type TableName } from "./catalog.ts";
import { type Failure, invalid } from "./failure.ts";
import type { LoadOptions } from "./load-options.ts";
import { type Field, fieldNamed } from "./schema.ts";
import type { Source } from "./source.ts";

/**
 * The table's columns once the job is done.
 * @throws Failure where the files, the job's schema and the table do not go together
 */
export function fieldsAfter(source: Source, options: LoadOptions, existing: StoredTable | undefined): readonly Field[] {
  const replaced = options.write === "WRITE_TRUNCATE" && options.decorator === undefined;
  const kept = replaced ? undefined : existing;
  const provided = options.schema;
  if (provided !== undefined && source.fields !== undefined) checkFiles(source, source.fields, provided, options);
  const coming = provided ?? comingFields(source, options, existing, kept);
  if (kept === undefined || kept.fields.length === 0) return coming;
  if (provided !== undefined) checkModes(kept, provided);
  return merged(kept, coming, options);
}

function comingFields(
  source: Source,
  options: LoadOptions,
  existing: StoredTable | undefined,
  kept: StoredTable | undefined,
): readonly Field[] {
  const fields = source.fields;
  if (fields === undefined) return existing?.fields ?? [];
  return options.ignoreUnknown && kept ? fields.filter(({ name }) => fieldNamed(kept.fields, name)) : fields;
}

function checkFiles(source: Source, files: readonly Field[], provided: readonly Field[], options: LoadOptions): void {
  for (const { name, type, mode } of files) {
    const field = fieldNamed(provided, name);
    if (field === undefined) {
      if (options.ignoreUnknown) continue;
      throw invalid(`Provided Schema does not match the files: Cannot find field ${name} of the file in the schema.`);
    }
    const naive = field.type === "DATETIME" && type === "TIMESTAMP" && source.naive.has(name.toLowerCase());
    if (field.type !== type && !naive) throw changed(name, "type", field.type, type, options.table);
    if (mode === "REQUIRED" && field.mode === "NULLABLE") {
      throw invalid(
        `Error while reading data, error message: Field ${name} is specified as NULLABLE in provided schema which does not match REQUIRED as specified in the file.`,
      );
    }
  }
}

/** How a schema may change. */
export type Updates = Pick<LoadOptions, "mayAdd" | "mayRelax">;

const changed = (name: string, what: string, from: string, to: string, table: TableName): Failure =>
  invalid(
    `Provided Schema does not match Table ${label(table)}. Field ${name} has changed ${what} from ${from} to ${to}`,
  );

/** A column that may be blank stays one, whatever the rows are. @throws Failure */
export function checkModes({ name: table, fields }: StoredTable, sent: readonly Field[]): void {
  for (const { name, mode } of sent)
    if (mode === "REQUIRED" && fieldNamed(fields, name)?.mode === "NULLABLE")
      throw changed(name, "mode", "NULLABLE", mode, table);
}

/** The table's columns, relaxed and widened as far as is allowed. @throws Failure */
export function merged(table: StoredTable, coming: readonly Field[], options: Updates): readonly Field[] {
  const kept = table.fields.map((field) => {
    const other = fieldNamed(coming, field.name);
    if (other === undefined) {
      if (field.mode === "NULLABLE") return field;
      throw invalid(
        `Provided Schema does not match Table ${label(table.name)}. Field ${field.name} is missing in new schema`,
      );
    }
    if (other.type !== field.type) throw changed(field.name, "type", field.type, other.type, table.name);
    if (field.mode === "REQUIRED" && other.mode === "NULLABLE") {
      if (!options.mayRelax) throw changed(field.name, "mode", field.mode, other.mode, table.name);
      return { ...field, mode: other.mode };
    }
    return field;
  });
  const added = coming.filter(({ name }) => fieldNamed(table.fields, name) === undefined);
  for (const { name, mode } of added) {
    if (!options.mayAdd) {
      throw invalid(`Provided Schema does not match Table ${label(table.name)}. Cannot add fields (field: ${name})`);
    }
    if (mode === "REQUIRED") {
      throw invalid(
        `Provided Schema does not match Table ${label(table.name)}. Cannot add required fields to an existing schema. (field: ${name})`,
      );
    }
  }
  return [...kept, ...added];
}
