import { DataError, Interrupted } from "../../core/errors.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import { diagnose } from "./diagnosis.ts";
import { batchesOf, type Destination, replaceMonths } from "./load.ts";
import { interruptible, type Session } from "./session.ts";
import { verifyUnit } from "./verify.ts";
import type { OnStep } from "./work-folder.ts";

/** How far a load came: the units before the one that failed, and why it did. */
export interface Loaded {
  readonly finished: readonly LoadUnit[];
  readonly failure: unknown;
  /** The unit that failed, where it was one. */
  readonly failed: LoadUnit | undefined;
}

/** Loads units in their order, as far as they are what their manifests say and nobody asks to stop. */
export async function loadUnits(
  units: readonly LoadUnit[],
  session: Session,
  to: Destination,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<Loaded> {
  const finished: LoadUnit[] = [];
  let failed: LoadUnit | undefined;
  const attempt = async (batch: readonly LoadUnit[]): Promise<void> => {
    for (const unit of batch) await verifyUnit(unit, signal);
    await to.connection.run("BEGIN");
    try {
      await interruptible(session, signal, () => replaceMonths(batch, to));
      await onStep("commit");
      await to.connection.run("COMMIT");
    } catch (error) {
      // After a fatal error there is nothing to roll back, and the error that matters is this one.
      await to.connection.run("ROLLBACK").catch(() => undefined);
      throw error;
    }
    finished.push(...batch);
  };
  const attemptOne = async (unit: LoadUnit): Promise<void> => {
    try {
      await attempt([unit]);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      failed = unit;
      if (error instanceof DataError && error.code.startsWith("object-")) throw error;
      throw (await diagnose(unit, to.synthetic)) ?? error;
    }
  };
  try {
    for (const batch of batchesOf(units)) {
      try {
        await attempt(batch);
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        // One bad unit must not keep those before it out, nor hide which one it is.
        for (const unit of batch) await attemptOne(unit);
      }
    }
    return { finished, failure: undefined, failed };
  } catch (failure) {
    return { finished, failure, failed };
  }
}
