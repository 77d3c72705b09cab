import { DAY } from "../../core/time.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import { layoutOf } from "../bigquery-sql.ts";
import { decorator, hashOf } from "./job-id.ts";
import {
  type Brought,
  broughtBy,
  checkExpiry,
  type Goal,
  type LoadWork,
  loadOf,
  nameOf,
  rowsOf,
  standsIn,
  succeed,
  WrongRows,
} from "./load-unit.ts";
import type { Job, TableResource } from "./wire.ts";

/**
 * Replaces a partition by more objects than one job takes: into a table of its own, job by job, and from there by one
 * copy job, so that a reader sees the old month or the new one. @throws DataError, WarehouseError, Interrupted
 */
export async function loadThroughStaging(
  work: LoadWork,
  unit: LoadUnit,
  goal: Goal,
  signal?: AbortSignal,
): Promise<Brought> {
  const { tables } = work;
  const month = decorator(unit.month);
  const partition = `${unit.table.name}$${month}`;
  const name = nameOf(work, unit, goal);
  const staging = `_staging_${name.slice("candlelake_".length)}`;
  const request = {
    configuration: {
      labels: { app: "candlelake", table: unit.table.name },
      copy: {
        sourceTables: [tables.reference(`${staging}$${month}`)],
        destinationTable: tables.reference(partition),
        writeDisposition: "WRITE_TRUNCATE",
        createDisposition: "CREATE_NEVER",
      },
    },
    doing: `copy ${staging} to ${unit.table.name} ${unit.month}`,
  };
  // An earlier run that came as far as the copy left nothing to be staged again.
  const stands = (job: Job): Promise<boolean> => standsIn(work, unit, partition, job);
  let copied = await work.jobs.find(`${name}_copy_1`, request.doing, signal);
  let since = Number(copied?.statistics?.creationTime);
  if (!copied || copied.status.errorResult || !(await stands(copied))) {
    since = await stage(work, unit, name, staging, signal);
    await work.onStep("copy");
    const { job } = await succeed(work, unit, `${name}_copy`, "copy", request, stands, signal);
    copied = job;
  }
  await work.onStep("verify");
  const { copiedRows = rowsOf(unit) } = copied.statistics?.copy ?? {};
  const brought = { ...broughtBy(copied), since, rows: Number(copiedRows) };
  if (brought.rows !== rowsOf(unit))
    throw new WrongRows(unit, brought, `has ${copiedRows} rows, and its manifest says ${rowsOf(unit)}`);
  await checkExpiry(work, unit, goal.table, partition);
  await work.onStep("drop");
  await tables.remove(staging);
  return brought;
}

/**
 * Brings all objects into the staging table. Returns when the first of them may have been read.
 * @throws DataError where the rows are not what the manifests say
 */
async function stage(
  work: LoadWork,
  unit: LoadUnit,
  name: string,
  staging: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { tables, uris: most } = work;
  await work.onStep("stage");
  const table = await stagingTable(work, unit, staging);
  const destination = tables.reference(`${staging}$${decorator(unit.month)}`);
  let rows = 0;
  let since = Number.POSITIVE_INFINITY;
  for (let from = 0; from < unit.objects.length; from += most) {
    const uris = unit.objects.slice(from, from + most).map((object) => object.uri ?? "");
    const write = from === 0 ? "WRITE_TRUNCATE" : "WRITE_APPEND";
    const part = from / most + 1;
    const request = {
      configuration: loadOf(unit, uris, destination, write),
      doing: `load part ${part} of ${unit.table.name} ${unit.month}`,
    };
    // A staging table that was made anew has none of the parts that an earlier one had.
    const partName = `${name}_${hashOf([table.creationTime, uris])}_part${part}`;
    const { job } = await succeed(work, unit, partName, "load", request, async () => true, signal);
    rows += Number(job.statistics?.load?.outputRows);
    since = Math.min(since, broughtBy(job).since);
  }
  if (rows === rowsOf(unit)) return since;
  await tables.remove(staging);
  throw new WrongRows(unit, undefined, `has ${rows} rows, and its manifest says ${rowsOf(unit)}`);
}

async function stagingTable(work: LoadWork, unit: LoadUnit, staging: string): Promise<TableResource> {
  const expirationTime = String(work.now() + DAY);
  for (;;) {
    const found = await work.tables.table(staging);
    const table = found ?? (await work.tables.create(staging, layoutOf(unit.table.name), { expirationTime }));
    if (table) return table;
  }
}
