import { type ErrorDetail, EXIT } from "../../core/errors.ts";
import { openCandlelake } from "../../open.ts";
import type { SetupReport } from "../../ports/warehouse.ts";
import type { Context } from "../context.ts";
import { csv, json, ndjson, SYNTHETIC, table, write } from "../output.ts";

const DIFFERS = "table-differs";
const COLUMNS = ["state", "name", "difference"];

function rowsOf({ created, exists, differs, failed }: SetupReport): Record<string, string>[] {
  return [
    ...created.map((name) => ({ state: "created", name, difference: "" })),
    ...exists.map((name) => ({ state: "exists", name, difference: "" })),
    ...differs.map((one) => ({ state: "differs", name: one.table, difference: one.difference })),
    ...failed.map(({ name, error }) => ({ state: "failed", name, difference: error.code })),
  ];
}

async function report(context: Context, found: SetupReport): Promise<number> {
  const { created, exists } = found;
  const differs = found.differs.map((one) => ({ ...one, next: context.next(one.next) }));
  const failed = found.failed.map(({ name, error }) => ({ name, error: context.detail(error.detail) }));
  const differences = found.differs.map(({ table: name, difference, next }) => ({
    code: DIFFERS,
    message: `${name}: ${difference}.`,
    next,
  }));
  // What the same command mends is said once; the answer names all of it.
  const refusals = [...Map.groupBy(found.failed, ({ error }) => error.next).values()].flatMap((same) =>
    same.slice(0, 1),
  );
  const complaints: readonly ErrorDetail[] = [...refusals.map(({ error }) => error.detail), ...differences];
  for (const complaint of complaints) context.complain(complaint);
  const [first] = complaints;
  const error = first ? context.detail(first) : null;
  if (error) context.account({ code: error.code, next: error.next });
  const rows = rowsOf(found);
  switch (context.format) {
    case "json":
      await write(json({ command: "setup", ok: !error, created, exists, differs, failed, error }));
      break;
    case "csv":
      await write(csv(rows, COLUMNS));
      break;
    case "ndjson":
      await write(ndjson(rows));
      break;
    case "text": {
      const columns = error ? COLUMNS : COLUMNS.slice(0, 2);
      const cells = rows.map((row) => columns.map((name) => row[name]));
      await write((context.config.synthetic ? SYNTHETIC : "") + table(columns, cells));
    }
  }
  return found.failed[0]?.error.exitCode ?? (error ? EXIT.data : EXIT.ok);
}

/** The statements alone; no warehouse is asked. */
async function print(context: Context, ddl: string): Promise<number> {
  const answer = { command: "setup", ok: true, ddl, created: [], exists: [], differs: [], failed: [], error: null };
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
      found = await engine.setup({ moveExisting: context.flag("move-existing"), description }, context.signal);
    } finally {
      await lock.release();
    }
    return await report(context, found);
  } finally {
    await engine.close();
  }
}
