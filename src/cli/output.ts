/** How an answer is written. */
export type Format = "text" | "json" | "csv" | "ndjson";

export type Cell = unknown;

const shown = (value: Cell): string => {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

const isNumeric = (value: Cell): boolean => typeof value === "number";

/** Columns of text; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => row.map(shown));
  const widths = header.map((name, c) => Math.max(name.length, ...cells.map((row) => row[c]?.length ?? 0)));
  const right = header.map(
    (_, c) => rows.length > 0 && rows.every((row) => row[c] === null || row[c] === undefined || isNumeric(row[c])),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => (right[c] ? cell.padStart(widths[c] as number) : cell.padEnd(widths[c] as number)))
      .join("  ")
      .trimEnd();
  return `${[header, header.map((_, c) => "─".repeat(widths[c] as number)), ...cells].map(line).join("\n")}\n`;
}

/** A CSV field as RFC 4180 quotes it. */
function field(value: Cell): string {
  const text = shown(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvLine = (values: readonly Cell[]): string => `${values.map(field).join(",")}\n`;

/** Objects as CSV; `names` are the columns. */
export const csv = (rows: readonly Readonly<Record<string, Cell>>[], names: readonly string[]): string =>
  csvLine(names) + rows.map((row) => csvLine(names.map((name) => row[name]))).join("");

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
export const ndjson = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Standard output took no more. */
export class OutputError extends Error {
  /** The program that was reading has ended. */
  readonly isReaderGone: boolean;

  constructor(cause: NodeJS.ErrnoException) {
    super(`standard output cannot be written to: ${cause.message}.`, { cause });
    this.isReaderGone = cause.code === "EPIPE";
  }
}

/**
 * Writes to standard output and waits until it took it, so that memory does not grow with a slow reader.
 * @throws OutputError
 */
export function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(new OutputError(error)) : resolve()));
  });
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** A time for people: whole minutes without their zeros. Reads back as an instant of `--from`. */
export const shortTime = (time: number | null | undefined): string =>
  time === null || time === undefined ? "" : new Date(time).toISOString().replace(/(?::00)?\.\d{3}Z$/, "Z");

/** Stands above everything that is shown of made data. */
export const SYNTHETIC = "SYNTHETIC: made data, no market.\n";

/** Without the runtime's tables of all languages, which take longer to read than a command's own modules. */
const grouped = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ",");

export const count = (n: number, noun: string, plural = `${noun}s`): string =>
  `${grouped(n)} ${n === 1 ? noun : plural}`;
