import { openCandlelake } from "../../open.ts";
import type { QueryResult } from "../../ports.ts";
import type { Context } from "../context.ts";
import { csvLine, SYNTHETIC, table, write } from "../output.ts";

/** More rows than this in a text table help nobody; the other formats stream whatever there is. */
const TEXT_ROWS = 1000;

/** An object has each name once: the second `close` of a join is `close_2`. */
function uniqueNames({ columns }: QueryResult): string[] {
  const names: string[] = [];
  for (const { name } of columns) {
    let free = name;
    for (let copy = 2; names.includes(free); copy++) free = `${name}_${copy}`;
    names.push(free);
  }
  return names;
}

const named = (names: readonly string[], row: readonly unknown[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name, i) => [name, row[i]]));

async function printJson(result: QueryResult): Promise<void> {
  const names = uniqueNames(result);
  let open = "[\n";
  for await (const batch of result.batches) {
    if (batch.length === 0) continue;
    await write(open + batch.map((row) => `  ${JSON.stringify(named(names, row))}`).join(",\n"));
    open = ",\n";
  }
  await write(open === "[\n" ? "[]\n" : "\n]\n");
}

async function printText(context: Context, result: QueryResult): Promise<void> {
  const rows: (readonly unknown[])[] = [];
  let total = 0;
  for await (const batch of result.batches) {
    total += batch.length;
    rows.push(...batch.slice(0, Math.max(0, TEXT_ROWS - rows.length)));
  }
  const made = context.config.synthetic ? SYNTHETIC : "";
  await write(
    made +
      table(
        result.columns.map((column) => column.name),
        rows,
      ),
  );
  if (total > rows.length) context.say(`${total - rows.length} more rows: use --format csv or json.`);
}

export async function run(context: Context): Promise<number> {
  const { engine } = openCandlelake(context.config, context.log);
  try {
    const sql = context.args[0] as string;
    const result = await (context.flag("lake")
      ? engine.queryLake(sql, context.signal)
      : engine.query(sql, context.signal));
    switch (context.format) {
      case "json":
        await printJson(result);
        break;
      case "csv":
        await write(csvLine(result.columns.map((column) => column.name)));
        for await (const batch of result.batches) await write(batch.map(csvLine).join(""));
        break;
      case "ndjson": {
        const names = uniqueNames(result);
        for await (const batch of result.batches)
          await write(batch.map((row) => `${JSON.stringify(named(names, row))}\n`).join(""));
        break;
      }
      case "text":
        await printText(context, result);
    }
    return 0;
  } finally {
    await engine.close();
  }
}
