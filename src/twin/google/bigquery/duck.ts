import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance, DuckDBType, DuckDBValue } from "@duckdb/node-api";

export type Cell = DuckDBValue;

export interface Answer {
  readonly names: readonly string[];
  readonly types: readonly DuckDBType[];
  readonly rows: readonly (readonly Cell[])[];
}

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Microseconds since the epoch as an instant. */
export const instant = (micros: bigint): string => `make_timestamptz(${micros})`;

/** The database in which the stand-in's rows lie; opened when it is first needed. */
export class Duck {
  readonly #setup: readonly string[];
  #instance: DuckDBInstance | undefined;
  #connection: DuckDBConnection | undefined;
  #names = 0;

  /** @param setup statements that a fresh database runs */
  constructor(setup: readonly string[]) {
    this.#setup = setup;
  }

  /** A table name that was never used before. */
  freshName(): string {
    return `t${++this.#names}`;
  }

  async ask(sql: string): Promise<Answer> {
    const connection = await this.#open();
    const result = await connection.run(sql);
    const rows = await result.getRows();
    return { names: result.columnNames(), types: result.columnTypes(), rows };
  }

  /** The first column of the first row, as a number. */
  async count(sql: string): Promise<number> {
    const { rows } = await this.ask(sql);
    return Number(rows[0]?.[0] ?? 0);
  }

  /** All statements or none. */
  async atomically(work: () => Promise<void>): Promise<void> {
    await this.ask("BEGIN");
    try {
      await work();
    } catch (error) {
      await this.ask("ROLLBACK");
      throw error;
    }
    await this.ask("COMMIT");
  }

  async close(): Promise<void> {
    this.#connection?.closeSync();
    this.#instance?.closeSync();
    this.#connection = undefined;
    this.#instance = undefined;
  }

  async #open(): Promise<DuckDBConnection> {
    if (this.#connection !== undefined) return this.#connection;
    const { DuckDBInstance } = await import("@duckdb/node-api");
    this.#instance = await DuckDBInstance.create(":memory:", {
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      threads: "2",
      temp_directory: join(tmpdir(), `bigquery-twin-${randomUUID()}`),
    });
    const connection = await this.#instance.connect();
    for (const statement of this.#setup) await connection.run(statement);
    this.#connection = connection;
    return connection;
  }
}
