import { DuckDBInstance } from "@duckdb/node-api";

/** Changes a file as a program that knows nothing of candlelake would. */
export async function edit(file: string, ...statements: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  for (const sql of statements) await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}
