import { EXIT } from "../../core/errors.ts";
import { openCandlelake } from "../../open.ts";
import type { Context } from "../context.ts";
import { json, table, write } from "../output.ts";

export async function run(context: Context): Promise<number> {
  const { engine, ports } = await openCandlelake(context.config, context.log);
  try {
    if (context.flag("dry-run")) {
      const ddl = (await ports.warehouse()).ddl();
      await write(
        context.format === "json"
          ? json({ command: "setup", ok: true, ddl, created: [], exists: [], differs: [], error: null })
          : ddl,
      );
      return EXIT.ok;
    }
    const lock = await ports.lock("candlelake setup", context.signal);
    try {
      const { created, exists, differs } = await engine.setup();
      const [first] = differs;
      const error = first
        ? { code: "table-differs", message: `${first.table}: ${first.difference}.`, next: first.next }
        : null;
      if (context.format === "json")
        await write(json({ command: "setup", ok: !error, created, exists, differs, error }));
      else {
        const rows = [
          ...created.map((name) => ["created", name]),
          ...exists.map((name) => ["exists", name]),
          ...differs.map((one) => ["differs", `${one.table}: ${one.difference}`]),
        ];
        await write(table(["state", "name"], rows));
      }
      for (const one of differs) context.say(`${one.table}: ${one.difference}.\n  next: ${one.next}`);
      return error ? EXIT.data : EXIT.ok;
    } finally {
      await lock.release();
    }
  } finally {
    await engine.close();
  }
}
