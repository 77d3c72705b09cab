import { existsSync } from "node:fs";
import path from "node:path";
import { DATASET } from "../core/bigquery-place.ts";
import { AppError, DataError, StoreError } from "../core/errors.ts";
import type { TimeRange } from "../core/time.ts";
import type { ExportFormat, LakeSql, LakeTable, QueryResult } from "../ports/warehouse.ts";
import { datasetsOf } from "./dataset.ts";
import { findUnreadable } from "./duckdb/culprit.ts";
import { writeRows } from "./duckdb/export.ts";
import { exportTarget } from "./duckdb/export-target.ts";
import { OpenSessions } from "./duckdb/open-sessions.ts";
import {
  firstLine,
  interruptible,
  lockDown,
  MEMORY_LIMIT,
  openSession,
  type Session,
  temporarySpill,
} from "./duckdb/session.ts";
import { answer } from "./duckdb/statement.ts";
import { WorkFolder } from "./duckdb/work-folder.ts";
import { allowPaths, createSchema, createView, setSearchPath } from "./duckdb-sql.ts";

export interface LakeSqlOptions {
  /** The lake's folder; messages name files relative to it. */
  readonly root: string;
  readonly synthetic: boolean;
  readonly dataset?: string | undefined;
  /** DuckDB's spelling, `512MB`. */
  readonly memoryLimit?: string | undefined;
}

const absolute = ({ table, paths }: LakeTable): LakeTable => ({
  table,
  paths: paths.map((file) => path.resolve(file)),
});

/** SQL over the lake's files in a DuckDB without a file of its own. */
export class DuckDbLakeSql implements LakeSql {
  private readonly root: string;
  private readonly schema: string;
  private readonly memoryLimit: string;
  private readonly sessions = new OpenSessions();

  constructor(options: LakeSqlOptions) {
    this.root = path.resolve(options.root);
    this.schema = datasetsOf(options.dataset ?? DATASET, options.synthetic).raw;
    this.memoryLimit = options.memoryLimit ?? MEMORY_LIMIT;
  }

  async query(sql: string, lake: readonly LakeTable[], signal?: AbortSignal): Promise<QueryResult> {
    const tables = lake.map(absolute);
    this.checkPaths(tables);
    const session = await this.open(temporarySpill());
    const { connection } = session;
    try {
      await connection.run(createSchema(this.schema));
      for (const { table, paths } of tables) await connection.run(createView(this.schema, table, paths));
      await connection.run(setSearchPath([this.schema]));
      await connection.run(allowPaths(tables.flatMap((table) => table.paths)));
      await lockDown(session);
    } catch (error) {
      const why = await this.blame(session, tables);
      await session.close();
      throw why ?? error;
    }
    return answer(session, sql, signal, () => this.blame(session, tables));
  }

  async exportTo(
    lake: LakeTable,
    range: TimeRange | undefined,
    file: string,
    format: ExportFormat,
    signal?: AbortSignal,
  ): Promise<number> {
    const table = absolute(lake);
    this.checkPaths([table]);
    const folder = new WorkFolder(await exportTarget(file));
    try {
      await folder.begin();
      const session = await this.open(folder.spill);
      try {
        const job = { table, range, file: folder.file, format };
        const rows = await interruptible(session, signal, () => writeRows(session, job, signal));
        await folder.publish();
        return rows;
      } catch (error) {
        throw (error instanceof AppError ? undefined : await this.blame(session, [table])) ?? error;
      } finally {
        await session.close();
      }
    } catch (error) {
      if (error instanceof AppError || error instanceof TypeError || error instanceof RangeError) throw error;
      throw new StoreError("export-failed", `${file}: ${firstLine(error)}`, "candlelake export --help", {
        cause: error,
      });
    } finally {
      await folder.end();
    }
  }

  async close(): Promise<void> {
    await this.sessions.close();
  }

  private async open(spill: string): Promise<Session> {
    const { memoryLimit } = this;
    return this.sessions.add(await openSession({ file: ":memory:", readOnly: false, memoryLimit, spill }));
  }

  /** @throws DataError `object-missing` */
  private checkPaths(tables: readonly LakeTable[]): void {
    const gone = tables.flatMap(({ paths }) => paths).find((file) => !existsSync(file));
    if (gone === undefined) return;
    const key = path.relative(this.root, gone);
    throw new DataError("object-missing", `${key} is missing, though its manifest names it.`, "candlelake run");
  }

  /** The file that made a statement fail, if it was one. */
  private async blame({ connection }: Session, tables: readonly LakeTable[]): Promise<DataError | undefined> {
    for (const { table, paths } of tables) {
      const culprit = await findUnreadable(connection, table, paths);
      if (!culprit) continue;
      const key = path.relative(this.root, culprit.path);
      return new DataError("corrupt-object", `${key} cannot be read: ${culprit.reason}`, "candlelake run");
    }
    return undefined;
  }
}
