import { type Batch, type Column, numbers } from "../core/batch.ts";
import { columnIndex, type Table } from "../core/table.ts";

export const OPEN_INTEREST: Table = {
  name: "open_interest",
  doc: "Open interest of USD-M perpetual futures. REST keeps 30 days; the archive has 5m from 2020-09-01 on.",
  columns: [
    {
      name: "time",
      type: "TIMESTAMP",
      unit: "UTC",
      doc: "The instant at which the value was known: the end of its period, whatever an archive file's labels mean.",
    },
    { name: "open_interest", type: "FLOAT64", unit: "base", doc: "Sum of open positions in the base asset." },
    {
      name: "open_interest_value",
      type: "FLOAT64",
      unit: "quote",
      doc: "The same in the quote asset; NULL where the venue wrote zero.",
    },
    {
      name: "period",
      type: "STRING",
      unit: "",
      doc: "Distance of the values (5m … 1d). Also a folder name.",
      partitionKey: true,
    },
    { name: "symbol", type: "STRING", unit: "", doc: "The venue's symbol, upper case." },
    { name: "venue", type: "STRING", unit: "", doc: "binance, or synthetic for made data." },
    { name: "source", type: "STRING", unit: "", doc: "rest, archive-daily or synthetic." },
  ],
  eventTime: "time",
  key: ["venue", "symbol", "period", "time"],
  cluster: ["symbol", "period"],
  source: "fetched",
  loaded: true,
};

const VALUE = "open_interest_value";

/** Values of zero, of which the venue did not know how much they are, as NULL; each is noted. */
export function withoutZeros(batch: Batch, note: (kind: string) => void): Batch {
  const column = numbers(batch, VALUE);
  if (!column.values.includes(0)) return batch;
  const valid = Uint8Array.from(column.values, (value, row) => (value !== 0 && (column.valid?.[row] ?? 1) ? 1 : 0));
  for (const isKnown of valid) if (!isKnown) note("zero-value");
  const known: Column = { values: column.values, valid };
  return { ...batch, columns: batch.columns.with(columnIndex(batch.table, VALUE), known) };
}
