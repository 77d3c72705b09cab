import { openCandlelake } from "../../open.ts";
import type { QueryResult } from "../../ports/warehouse.ts";
import type { Context } from "../context.ts";
import { csv, csvLine, json, ndjson, SYNTHETIC, table, write } from "../output.ts";

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

async function printCost(context: Context, bytes: number | undefined): Promise<void> {
  if (context.format === "json") await write(json({ command: "query", ok: true, bytes: bytes ?? null, error: null }));
  else if (context.format === "ndjson") await write(ndjson([{ bytes: bytes ?? null }]));
  else if (context.format === "csv") await write(csv([{ bytes: bytes ?? "" }], ["bytes"]));
  else
    await write(
      bytes === undefined
        ? "Nothing is billed: this query would run on this machine.\n"
        : `This query would read ${bytes} bytes; BigQuery bills 10 MiB of each table at least.\n`,
    );
}

export async function run(context: Context): Promise<number> {
  const { engine, ports } = openCandlelake(context.config, context.log);
  try {
    const sql = context.args[0] as string;
    if (context.flag("dry-run")) {
      await printCost(context, context.flag("lake") ? undefined : await engine.cost(sql, context.signal));
      return 0;
    }
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
    const billed = ports.cloud().warehouse?.bytesBilled ?? 0;
    if (billed > 0) context.say(`BigQuery billed ${billed} bytes.`);
    return 0;
  } finally {
    await engine.close();
  }
}
