import type { DuckDBPreparedStatement, DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import { type AppError, throwIfAborted, UsageError } from "../../core/errors.ts";
import type { QueryResult } from "../../ports/warehouse.ts";
import { firstParagraph, interruptible, type Session } from "./session.ts";
import { type Value, valueConverter } from "./values.ts";

const EXAMPLE = 'candlelake query "SELECT * FROM spot_klines LIMIT 5"';

const refuse = (why: string): UsageError =>
  new UsageError("sql-refused", `${why} A query is one statement that reads.`, EXAMPLE);

const wrong = (error: unknown): UsageError =>
  new UsageError("sql-error", firstParagraph(error), "candlelake schema", { cause: error });

/** What stands before the statement that an EXPLAIN explains. */
const EXPLAIN = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*explain(?:\s+analyze)?(?:\s*\([^()]*\))?\s/i;

/** The statement, once it is known to be one that reads. @throws UsageError `sql-refused`, `sql-error` */
async function prepareReading({ connection }: Session, sql: string): Promise<DuckDBPreparedStatement> {
  const { StatementType } = await import("@duckdb/node-api");
  const prepare = async (text: string): Promise<DuckDBPreparedStatement> => {
    const statements = await connection.extractStatements(text);
    if (statements.count !== 1) throw refuse(`These are ${statements.count} statements.`);
    return statements.prepare(0);
  };
  const check = (statement: DuckDBPreparedStatement, allowed: readonly number[]): void => {
    if (allowed.includes(statement.statementType)) return;
    const kind = (StatementType[statement.statementType] ?? "such").replaceAll("_", " ");
    throw refuse(`${kind} statements are refused.`);
  };
  const statement = await prepare(sql);
  check(statement, [StatementType.SELECT, StatementType.EXPLAIN]);
  // EXPLAIN ANALYZE runs what it explains.
  if (statement.statementType === StatementType.EXPLAIN) {
    check(await prepare(sql.replace(EXPLAIN, "")), [StatementType.SELECT]);
  }
  if (statement.parameterCount > 0) throw refuse("The statement has parameters, and there is nothing to put for them.");
  return statement;
}

/**
 * Runs one reading statement and closes the session when the answer was read, given up or failed.
 * @param blame what else than the statement made it fail while it ran, if anything
 * @throws UsageError `sql-refused`, `sql-error`; Interrupted; what `blame` finds
 */
export async function answer(
  session: Session,
  sql: string,
  signal?: AbortSignal,
  blame: () => Promise<AppError | undefined> = async () => undefined,
): Promise<QueryResult> {
  const convert = valueConverter(await import("@duckdb/node-api"));
  const run = async <T>(work: () => Promise<T>): Promise<T> =>
    interruptible(session, signal, async () => {
      try {
        return await work();
      } catch (error) {
        throw signal?.aborted ? error : ((await blame()) ?? wrong(error));
      }
    });
  try {
    const statement = await interruptible(session, signal, async () => {
      try {
        return await prepareReading(session, sql);
      } catch (error) {
        throw error instanceof UsageError ? error : wrong(error);
      }
    });
    const result = await run(() => statement.stream());
    const types = result.columnTypes();
    const columns = result.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
    return { columns, batches: batches(session, result, convert, run, signal) };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function* batches(
  session: Session,
  result: DuckDBResult,
  convert: (value: DuckDBValue) => Value,
  run: <T>(work: () => Promise<T>) => Promise<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly (readonly unknown[])[]> {
  try {
    for (;;) {
      const chunk = await run(() => result.fetchChunk());
      if (!chunk || chunk.rowCount === 0) {
        // An interrupted answer may look like one that came to its end.
        throwIfAborted(signal);
        return;
      }
      yield chunk.convertRows(convert);
    }
  } finally {
    await session.close();
  }
}
