/** A row as a venue sends it: a candle's array, or an object. */
type Row = unknown[] | Record<string, unknown>;

/** What a fault makes of a page. There is at least one row. */
export type RowFault = (rows: readonly Row[], argument: number | undefined, now: number) => readonly Row[];

/** Places of a candle's fields. */
const OPEN_TIME = 0;
const OPEN = 1;
const HIGH = 2;
const CLOSE_TIME = 6;
const TRADES = 8;

/** Milliseconds that rows once lay off the grid, in December 2017. */
const OFF_GRID = 20_799;

const middle = (rows: readonly Row[]): number => Math.floor((rows.length - 1) / 2);

/** Changes the row in the middle. */
const change =
  (array: (row: unknown[]) => unknown[], object: (row: Record<string, unknown>) => Row): RowFault =>
  (rows) =>
    rows.with(middle(rows), changed(rows[middle(rows)] as Row, array, object));

const changed = (row: Row, array: (row: unknown[]) => unknown[], object: (row: Record<string, unknown>) => Row): Row =>
  Array.isArray(row) ? array(row) : object(row);

/** The name of the event time, and of the number that counts, of funding and open interest. */
const timeIn = (row: Record<string, unknown>): string => ("fundingTime" in row ? "fundingTime" : "timestamp");
const valueIn = (row: Record<string, unknown>): string => ("fundingRate" in row ? "fundingRate" : "sumOpenInterest");

/** Another number as text. */
const other = (text: unknown): string => String(Number(text) * 1.01 + 0.01);

export const empty: RowFault = () => [];

/** The last half is missing, or all but so many rows. */
export const short: RowFault = (rows, argument) => rows.slice(0, argument ?? Math.ceil(rows.length / 2));

/** The last closed candle has not arrived yet; the open one, if it is there, has. */
export const late: RowFault = (rows, _argument, now) => {
  const isOpen = (row: Row | undefined): boolean => Array.isArray(row) && Number(row[CLOSE_TIME]) >= now;
  const last = rows.findLastIndex((row) => !isOpen(row));
  return rows.filter((_, index) => index !== last);
};

/** The row in the middle comes twice. */
export const duplicate: RowFault = (rows) => rows.toSpliced(middle(rows), 0, rows[middle(rows)] as Row);

/** The row in the middle comes twice, with two values. */
export const conflict: RowFault = (rows) => {
  const row = rows[middle(rows)] as Row;
  const second = changed(
    row,
    (candle) => candle.with(TRADES, Number(candle[TRADES]) + 1),
    (object) => ({ ...object, [valueIn(object)]: other(object[valueIn(object)]) }),
  );
  return rows.toSpliced(middle(rows) + 1, 0, second);
};

/** The first and the last row change places. */
export const unordered: RowFault = (rows) => rows.with(0, rows.at(-1) as Row).with(-1, rows[0] as Row);

export const offGrid = change(
  (row) => row.with(OPEN_TIME, Number(row[OPEN_TIME]) + OFF_GRID),
  (row) => ({ ...row, [timeIn(row)]: Number(row[timeIn(row)]) + OFF_GRID }),
);

export const rowLength = change(
  (row) => row.slice(0, -1),
  (row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== valueIn(row))),
);

/** A number where the venue sends text. */
export const rowType = change(
  (row) => row.with(OPEN, Number(row[OPEN])),
  (row) => ({ ...row, [valueIn(row)]: Number(row[valueIn(row)]) }),
);

/** A high below the low; a value that cannot be. */
export const impossible = change(
  (row) => row.with(HIGH, "0.00000001"),
  (row) => ({ ...row, [valueIn(row)]: "-1.00000000" }),
);
