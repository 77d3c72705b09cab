import type { Context } from "../context.ts";
import { csv, json, ndjson, table, write } from "../output.ts";

const COLUMNS = ["setting", "value", "origin", "from"];

export async function run(context: Context): Promise<number> {
  const { config, origins, file } = context.settings;
  const rows = Object.entries(origins).map(([setting, { value, origin, from }]) => ({ setting, value, origin, from }));
  switch (context.format) {
    case "json":
      await write(json({ command: "config", ok: true, file: file ?? null, config, origins, error: null }));
      break;
    case "csv":
      await write(csv(rows, COLUMNS));
      break;
    case "ndjson":
      await write(ndjson(rows));
      break;
    case "text":
      await write(
        table(
          COLUMNS,
          rows.map((row) => Object.values(row)),
        ),
      );
  }
  return 0;
}
