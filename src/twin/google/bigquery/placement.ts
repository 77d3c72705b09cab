import { label, type StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import { type Duck, identifier, instant } from "./duck.ts";
import { duplicate, invalid } from "./failure.ts";
import type { Write } from "./load-options.ts";
import type { Partition, TimePartitioning } from "./partition.ts";
import { partitionsIn, touch } from "./partition-times.ts";
import { DUCK_TYPES, type Field, type FieldType, fieldNamed } from "./schema.ts";

/** Rows on their way into a table. */
export interface Incoming {
  /** The table in DuckDB that has them, in the columns' order. */
  readonly rows: string;
  /** The destination's columns afterwards. */
  readonly fields: readonly Field[];
  readonly write: Write;
  /** The one partition that they belong to; undefined for the whole table. */
  readonly partition: Partition | undefined;
}

export interface Measure {
  readonly count: number;
  /** As BigQuery counts logical bytes. */
  readonly bytes: number;
}

/** Most partitions that one job may change. Source: BigQuery's quotas. */
const MOST_PARTITIONS = 4_000;

const names = (fields: readonly Field[]): string => fields.map(({ name }) => identifier(name)).join(", ");

/** Puts the rows into the table, all of them or none. @throws Failure */
export async function put(context: Context, table: StoredTable, incoming: Incoming): Promise<Measure> {
  const { duck } = context;
  const { rows, fields, write, partition } = incoming;
  const { partitioning } = table;
  if (partitioning !== undefined && !fields.some(({ name }) => name === partitioning.field)) {
    throw invalid(`The field specified for partitioning cannot be found in the schema: ${partitioning.field}.`);
  }
  await checkRows(duck, partitioning, incoming);
  const range = partition && table.partitioning ? within(table, table.partitioning, partition) : "true";
  if (write === "WRITE_EMPTY" && (await duck.count(`SELECT count(*) FROM ${table.rows} WHERE ${range}`)) > 0) {
    throw duplicate(`Table ${label(table.name)}${partition ? `$${partition.id}` : ""}`);
  }
  const arrived = await measure(duck, rows, fields);
  if (write === "WRITE_TRUNCATE" && partition === undefined) {
    const next = duck.freshName();
    await duck.ask(`CREATE TABLE ${next} AS SELECT ${names(fields) || "*"} FROM ${rows}`);
    await duck.ask(`DROP TABLE ${table.rows}`);
    table.rows = next;
    table.partitions.clear();
  } else {
    await duck.atomically(async () => {
      await addColumns(duck, table, fields);
      if (write === "WRITE_TRUNCATE") await duck.ask(`DELETE FROM ${table.rows} WHERE ${range}`);
      await duck.ask(`INSERT INTO ${table.rows} (${names(fields)}) SELECT ${names(fields)} FROM ${rows}`);
    });
  }
  table.fields = fields;
  const reached = partitioning ? await partitionsIn(duck, rows, partitioning) : [];
  await settle(context, table, partition ? [partition.id] : reached);
  return arrived;
}

/** Widens the table by those of the columns that it lacks. */
export async function addColumns(duck: Duck, table: StoredTable, fields: readonly Field[]): Promise<void> {
  for (const { name, type } of fields) {
    if (fieldNamed(table.fields, name) !== undefined) continue;
    await duck.ask(`ALTER TABLE ${table.rows} ADD COLUMN ${identifier(name)} ${DUCK_TYPES[type]}`);
  }
}

/**
 * After its rows changed: what is too old vanishes, and the table's figures are taken anew.
 * @param touched the partitions that were written to
 */
export async function settle(
  { duck, now }: Context,
  table: StoredTable,
  touched: readonly string[] = [],
): Promise<void> {
  const { rows, fields, partitioning } = table;
  table.expires = await expire(duck, rows, partitioning, now());
  const { count, bytes } = await measure(duck, rows, fields);
  const modified = now();
  touch(table, touched, modified);
  Object.assign(table, { rowCount: count, bytes, modified });
  table.version++;
}

async function checkRows(duck: Duck, partitioning: TimePartitioning | undefined, incoming: Incoming): Promise<void> {
  const { rows, fields, partition } = incoming;
  for (const { name, mode } of fields) {
    if (mode !== "REQUIRED") continue;
    if ((await duck.count(`SELECT count(*) FROM ${rows} WHERE ${identifier(name)} IS NULL`)) > 0) {
      throw invalid(`Error while reading data, error message: Required field ${name} cannot be null`);
    }
  }
  if (partitioning === undefined) return;
  const column = identifier(partitioning.field);
  const cut = `date_trunc('${partitioning.type}', ${column})`;
  const touched = await duck.count(`SELECT count(DISTINCT ${cut}) + max(${column} IS NULL)::INT FROM ${rows}`);
  if (touched > MOST_PARTITIONS) {
    throw invalid(
      `Too many partitions produced by query, allowed ${MOST_PARTITIONS}, query produces at least ${touched} partitions`,
    );
  }
  if (partition === undefined) return;
  const inside = between(partitioning.field, fields, partition);
  if ((await duck.count(`SELECT count(*) FROM ${rows} WHERE NOT coalesce(${inside}, false)`)) > 0) {
    throw invalid(`Some rows belong to different partitions rather than destination partition ${partition.id}`);
  }
}

const LIMIT: Readonly<Partial<Record<FieldType, (time: number) => string>>> = {
  DATE: (time) => `${instant(BigInt(time) * 1000n)}::DATE`,
  DATETIME: (time) => `${instant(BigInt(time) * 1000n)}::TIMESTAMP`,
};

/** A moment as a literal of the column's type. */
const limitOf = (type: FieldType | undefined, time: number): string =>
  LIMIT[type ?? "TIMESTAMP"]?.(time) ?? instant(BigInt(time) * 1000n);

function between(column: string, fields: readonly Field[], { from, to }: Partition): string {
  const type = fields.find(({ name }) => name === column)?.type;
  const value = identifier(column);
  return `(${value} >= ${limitOf(type, from)} AND ${value} < ${limitOf(type, to)})`;
}

export const within = ({ fields }: StoredTable, { field }: TimePartitioning, partition: Partition): string =>
  between(field, fields, partition);

/** Partitions that are older than the table allows vanish. @returns when the next one will */
async function expire(
  duck: Duck,
  rows: string,
  partitioning: TimePartitioning | undefined,
  now: number,
): Promise<number> {
  if (partitioning?.expirationMs === undefined) return Number.POSITIVE_INFINITY;
  const { type, field, expirationMs } = partitioning;
  const cut = `date_trunc('${type}', ${identifier(field)})::TIMESTAMPTZ`;
  await duck.ask(`DELETE FROM ${rows} WHERE ${cut} <= ${instant(BigInt(now - expirationMs) * 1000n)}`);
  const oldest = await duck.ask(`SELECT epoch_ms(min(${cut})) FROM ${rows}`);
  const from = oldest.rows[0]?.[0];
  return from === null || from === undefined ? Number.POSITIVE_INFINITY : Number(from) + expirationMs;
}

const SIZES: Readonly<Partial<Record<FieldType, number>>> = { BOOLEAN: 1, NUMERIC: 16, BIGNUMERIC: 32 };

/** Logical bytes of a column's values. Source: BigQuery's manual, "Data type sizes". */
export function sizeOf({ name, type }: Field): string {
  const column = identifier(name);
  if (type === "STRING" || type === "JSON") return `coalesce(sum(2 + strlen(${column}::VARCHAR)), 0)`;
  if (type === "BYTES") return `coalesce(sum(2 + octet_length(${column})), 0)`;
  return `${SIZES[type] ?? 8} * count(${column})`;
}

export async function measure(duck: Duck, rows: string, fields: readonly Field[]): Promise<Measure> {
  const sizes = fields.map(sizeOf);
  const answer = await duck.ask(`SELECT count(*), ${sizes.length > 0 ? sizes.join(" + ") : "0"} FROM ${rows}`);
  const [count, bytes] = answer.rows[0] ?? [];
  return { count: Number(count ?? 0), bytes: Number(bytes ?? 0) };
}
