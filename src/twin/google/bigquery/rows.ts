import { type Duck, identifier } from "./duck.ts";
import { DUCK_TYPES, type Field } from "./schema.ts";

export async function createRows(duck: Duck, name: string, fields: readonly Field[]): Promise<void> {
  const columns = fields.map(({ name: column, type }) => `${identifier(column)} ${DUCK_TYPES[type]}`);
  // DuckDB knows no table without a column; BigQuery does.
  await duck.ask(`CREATE TABLE ${name} (${columns.length > 0 ? columns.join(", ") : "__none__ BOOLEAN"})`);
}
