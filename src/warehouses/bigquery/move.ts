import { WarehouseError } from "../../core/errors.ts";
import { iso } from "../../core/time.ts";
import { attemptId, hashOf } from "./job-id.ts";
import type { Jobs } from "./jobs.ts";
import { isTransient, jobFailure } from "./refusal.ts";
import type { Tables } from "./tables.ts";
import type { TableResource } from "./wire.ts";

interface MoveWork {
  readonly tables: Tables;
  readonly jobs: Jobs;
  readonly label: string;
  readonly now: () => number;
}

const MOST_ATTEMPTS = 5;

/** The first name of today's that no table has. */
async function freeName({ tables, now }: MoveWork, name: string): Promise<string> {
  const today = iso(now()).slice(0, 10).replaceAll("-", "");
  for (let copy = 1; ; copy++) {
    const candidate = `${name}_legacy_${today}${copy === 1 ? "" : `_${copy}`}`;
    if (!(await tables.table(candidate))) return candidate;
  }
}

/**
 * Copies a table aside and deletes it, once every row is in the copy. The copy's job is named after the table as it is:
 * a run that was killed in between finds its copy.
 * @returns the copy's name
 * @throws WarehouseError `move-failed` where the table is left as it was
 */
export async function moveAside(work: MoveWork, table: TableResource): Promise<string> {
  const { tables } = work;
  const name = table.tableReference.tableId;
  if (table.streamingBuffer)
    throw left(work, name, "rows that were streamed in are not part of it yet; try again later");
  const aside = await copy(work, table);
  const [copied, original] = [await tables.table(aside), await tables.table(name)];
  if (copied?.numRows !== table.numRows)
    throw left(work, name, `its copy ${aside} has ${copied?.numRows ?? "no"} rows of ${table.numRows}`);
  if (original?.lastModifiedTime !== table.lastModifiedTime) throw left(work, name, "somebody changed it meanwhile");
  await tables.remove(name);
  return aside;
}

async function copy(work: MoveWork, table: TableResource): Promise<string> {
  const { tables, jobs } = work;
  const { tableReference, creationTime, lastModifiedTime } = table;
  const name = tableReference.tableId;
  const hash = hashOf([tableReference, creationTime, lastModifiedTime]);
  for (let attempt = 1; ; attempt++) {
    const destinationTable = tables.reference(await freeName(work, name));
    const disposition = { createDisposition: "CREATE_IF_NEEDED", writeDisposition: "WRITE_EMPTY" };
    const configuration = {
      labels: { app: "candlelake", table: name.toLowerCase() },
      copy: { sourceTables: [tableReference], destinationTable, ...disposition },
    };
    const id = attemptId(`candlelake_move_${name}_${hash}`, attempt);
    const doing = `copy ${name} to ${destinationTable.tableId}`;
    const { job, found, failure } = await jobs.settle({ id, configuration, doing });
    if (!failure) {
      const aside = job.configuration?.copy?.destinationTable?.tableId ?? destinationTable.tableId;
      if (!found || (await tables.table(aside))) return aside;
    } else if (!found && (!isTransient(failure) || attempt >= MOST_ATTEMPTS)) {
      throw jobFailure(work.label, doing, failure);
    }
  }
}

const left = ({ label, tables }: MoveWork, name: string, why: string): WarehouseError =>
  new WarehouseError(
    "move-failed",
    `${label}: ${name} stays where it is: ${why}.`,
    `candlelake setup ${tables.named} --move-existing`,
  );
