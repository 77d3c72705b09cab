import type { DatabaseFile } from "./database-file.ts";
import { firstLine, openSession, type Session } from "./session.ts";
import { type OnStep, WorkFolder } from "./work-folder.ts";

/**
 * Works on a copy of the database, which then takes the file's place. Where the work throws, the file stays as it was.
 * @throws WarehouseError `warehouse-busy`, `not-a-warehouse`; what the work throws
 */
export async function replaceDatabase<T>(
  file: DatabaseFile,
  work: (session: Session) => Promise<T>,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<T> {
  const folder = new WorkFolder(file.path, onStep);
  try {
    await folder.begin();
    await onStep("copy");
    const checkUnchanged = await file.copyForChange(folder.file, signal);
    await onStep("open");
    const { memoryLimit } = file;
    const options = { file: folder.file, readOnly: false, memoryLimit, spill: folder.spill };
    const session = await openSession(options).catch((error: unknown) => {
      throw file.foreign(firstLine(error), error);
    });
    let result: T;
    try {
      result = await work(session);
      await onStep("checkpoint");
      await session.connection.run("CHECKPOINT");
    } finally {
      await session.close();
    }
    await checkUnchanged();
    await folder.publish();
    return result;
  } finally {
    await folder.end();
  }
}
