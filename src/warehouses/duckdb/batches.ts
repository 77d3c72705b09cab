import type { DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import type { Batch, Column } from "../../core/batch.ts";
import type { Table } from "../../core/table.ts";

/** Values that are no numbers are NULL. */
function numberColumn(values: readonly DuckDBValue[]): Column {
  const numbers = new Float64Array(values.length);
  let valid: Uint8Array | null = null;
  values.forEach((value, row) => {
    if (typeof value === "number") numbers[row] = value;
    else {
      valid ??= new Uint8Array(values.length).fill(1);
      valid[row] = 0;
    }
  });
  return { values: numbers, valid };
}

function textColumn(values: readonly DuckDBValue[]): Column {
  const codes = new Uint8Array(values.length);
  const dictionary: string[] = [];
  values.forEach((value, row) => {
    const word = String(value);
    const known = dictionary.indexOf(word);
    codes[row] = known < 0 ? dictionary.push(word) - 1 : known;
  });
  return { dictionary, codes };
}

/** An answer with the table's columns, all numbers doubles, as batches of a few thousand rows. */
export async function* readBatches(result: DuckDBResult, table: Table): AsyncGenerator<Batch> {
  for await (const chunk of result) {
    const columns = table.columns.map(({ type }, index) => {
      const values = chunk.getColumnValues(index);
      return type === "STRING" ? textColumn(values) : numberColumn(values);
    });
    yield { table, rows: chunk.rowCount, columns };
  }
}
