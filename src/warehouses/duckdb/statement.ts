import type { DuckDBPreparedStatement } from "@duckdb/node-api";
import { UsageError } from "../../core/errors.ts";
import type { QueryResult } from "../../ports.ts";
import { firstLine, interruptible, type Session } from "./session.ts";
import { valueConverter } from "./values.ts";

const EXAMPLE = 'candlelake query "SELECT * FROM spot_klines LIMIT 5"';

const refuse = (why: string): UsageError =>
  new UsageError("sql-refused", `${why} One statement that reads is what query runs.`, EXAMPLE);

const wrong = (error: unknown): UsageError =>
  new UsageError("sql-error", firstLine(error), "candlelake schema", { cause: error });

/** The statement, once it is known to be one that reads. @throws UsageError `sql-refused`, `sql-error` */
async function prepareReading({ connection }: Session, sql: string): Promise<DuckDBPreparedStatement> {
  const { StatementType } = await import("@duckdb/node-api");
  const READING: readonly number[] = [StatementType.SELECT, StatementType.EXPLAIN];
  const statements = await connection.extractStatements(sql).catch((error: unknown) => {
    throw wrong(error);
  });
  if (statements.count !== 1) throw refuse(`These are ${statements.count} statements.`);
  const statement = await statements.prepare(0).catch((error: unknown) => {
    throw wrong(error);
  });
  const kind = StatementType[statement.statementType] ?? "unknown";
  if (!READING.includes(statement.statementType)) throw refuse(`${kind.replaceAll("_", " ")} statements are refused.`);
  if (statement.parameterCount > 0) throw refuse("The statement has parameters, and nothing to put in their place.");
  return statement;
}

/**
 * Runs one reading statement; the session is closed when the answer was read, given up or failed.
 * @throws UsageError `sql-refused`, `sql-error`; Interrupted
 */
export async function answer(session: Session, sql: string, signal?: AbortSignal): Promise<QueryResult> {
  const duck = await import("@duckdb/node-api");
  const convert = valueConverter(duck);
  try {
    const result = await interruptible(session, signal, async () => {
      const statement = await prepareReading(session, sql);
      return statement.stream().catch((error: unknown) => {
        throw wrong(error);
      });
    });
    const types = result.columnTypes();
    const columns = result.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
    return { columns, batches: batches(session, result, convert, signal) };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function* batches(
  session: Session,
  result: Awaited<ReturnType<DuckDBPreparedStatement["stream"]>>,
  convert: ReturnType<typeof valueConverter>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly (readonly unknown[])[]> {
  try {
    for (;;) {
      const chunk = await interruptible(session, signal, () =>
        result.fetchChunk().catch((error: unknown) => {
          throw wrong(error);
        }),
      );
      if (!chunk || chunk.rowCount === 0) return;
      yield chunk.convertRows(convert);
    }
  } finally {
    await session.close();
  }
}
