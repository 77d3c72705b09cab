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

/** Objects as CSV, with the members of the first one as header. */
export function csv(rows: readonly Readonly<Record<string, Cell>>[]): string {
  const [first] = rows;
  if (!first) return "";
  const names = Object.keys(first);
  return csvLine(names) + rows.map((row) => csvLine(names.map((name) => row[name]))).join("");
}

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
export const ndjson = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Writes to standard output and waits until it took it, so that memory does not grow with a slow reader. */
export function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
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

export const count = (n: number, noun: string, plural = `${noun}s`): string =>
  `${n.toLocaleString("en-US")} ${n === 1 ? noun : plural}`;
