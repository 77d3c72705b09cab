import type { ColumnSpec, ColumnType, Table } from "../core/table.ts";

const PARQUET: Record<ColumnType, string> = {
  TIMESTAMP: "int64 {0} (TIMESTAMP(MICROS,true))",
  FLOAT64: "double {0}",
  INT64: "int64 {0}",
  STRING: "binary {0} (STRING)",
};

/** The file's schema in Parquet's own notation. */
export function parquetText(table: Table): string {
  const lines = table.columns.map((column) => `  optional ${PARQUET[column.type].replace("{0}", column.name)};`);
  return `message ${table.name} {\n${lines.join("\n")}\n}\n`;
}

const pascal = (name: string): string => name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

const member = (column: ColumnSpec): string => {
  const type = column.type === "FLOAT64" || column.type === "INT64" ? "number" : "string";
  return `  /** ${column.doc}${column.unit ? ` Unit: ${column.unit}.` : ""} */\n  readonly ${column.name}: ${type} | null;`;
};

/** The type of a row as `query` gives it: times are ISO 8601 text. */
export const typescriptText = (table: Table): string =>
  `/** ${table.doc} */\nexport interface ${pascal(table.name)}Row {\n${table.columns.map(member).join("\n")}\n}\n`;

/** The table's part of the reference page. */
export function columnsMarkdown(table: Table): string {
  const rows = table.columns.map(
    (column) => `| \`${column.name}\` | ${column.type} | ${column.unit} | ${column.doc} |`,
  );
  const head = "| column | type | unit | what |\n|---|---|---|---|";
  return `## ${table.name}\n\n${table.doc}\n\nKey: ${table.key.map((name) => `\`${name}\``).join(", ")}.\n\n${head}\n${rows.join("\n")}\n`;
}
