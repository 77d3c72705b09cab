import { EXIT } from "../../core/errors.ts";
import { openCandlelake } from "../../open.ts";
import type { SetupReport } from "../../ports/warehouse.ts";
import type { Context } from "../context.ts";
import { csv, json, ndjson, SYNTHETIC, table, write } from "../output.ts";

const DIFFERS = "table-differs";
const COLUMNS = ["state", "name", "difference"];

function rowsOf({ created, exists, differs }: SetupReport): Record<string, string>[] {
  return [
    ...created.map((name) => ({ state: "created", name, difference: "" })),
    ...exists.map((name) => ({ state: "exists", name, difference: "" })),
    ...differs.map((one) => ({ state: "differs", name: one.table, difference: one.difference })),
  ];
}

async function report(context: Context, found: SetupReport): Promise<number> {
  const { created, exists } = found;
  const differs = found.differs.map((one) => ({ ...one, next: context.next(one.next) }));
  const [first] = differs;
  const rows = rowsOf(found);
  for (const { table: name, difference, next } of found.differs)
    context.complain({ code: DIFFERS, message: `${name}: ${difference}.`, next });
  switch (context.format) {
    case "json": {
      const message = `${first?.table}: ${first?.difference}.`;
      const error = first ? { code: DIFFERS, message, next: first.next } : null;
      await write(json({ command: "setup", ok: !first, created, exists, differs, error }));
      break;
    }
    case "csv":
      await write(csv(rows, COLUMNS));
      break;
    case "ndjson":
      await write(ndjson(rows));
      break;
    case "text": {
      const columns = first ? COLUMNS : COLUMNS.slice(0, 2);
      const cells = rows.map((row) => columns.map((name) => row[name]));
      await write((context.config.synthetic ? SYNTHETIC : "") + table(columns, cells));
    }
  }
  return first ? EXIT.data : EXIT.ok;
}

/** The statements alone; no warehouse is asked. */
async function print(context: Context, ddl: string): Promise<number> {
  const answer = { command: "setup", ok: true, ddl, created: [], exists: [], differs: [], error: null };
  await write(context.format === "json" ? json(answer) : ddl);
  return EXIT.ok;
}

export async function run(context: Context): Promise<number> {
  const { engine, ports } = openCandlelake(context.config, context.log);
  try {
    const description = context.text("description");
    if (context.flag("dry-run")) return await print(context, (await ports.warehouse()).ddl(undefined, description));
    const lock = await ports.lock("candlelake setup", context.signal);
    let found: SetupReport;
    try {
      found = await engine.setup({
        moveExisting: context.flag("move-existing"),
        description,
      });
    } finally {
      await lock.release();
    }
    return await report(context, found);
  } finally {
    await engine.close();
  }
}
