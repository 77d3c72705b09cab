import type { Target } from "../core/goal.ts";
import type { FetchStep } from "../core/step.ts";
import { monthOf } from "../core/time.ts";
import type { Lake } from "./lake.ts";

/** Milliseconds of work that a killed run may lose where files are of days. */
const SAVE_AFTER = 1000;

/**
 * Saves a series' manifests at the end of every month, and now and then within one that comes day by day. Nobody waits
 * for the disk: a month that ends before an earlier one is safe is saved with those after it.
 */
export class Saver {
  private readonly target: Target;
  private readonly lake: Lake;
  private last: FetchStep | undefined;
  private saved = performance.now();
  private isSaving = false;
  private saving: Promise<void> = Promise.resolve();

  constructor(target: Target, lake: Lake) {
    this.target = target;
    this.lake = lake;
  }

  /** Before each step that is stored. @throws StoreError */
  async before(step: FetchStep): Promise<void> {
    const isOver = this.last !== undefined && monthOf(this.last.day) !== monthOf(step.day);
    this.last = step;
    if (this.isSaving || (!isOver && performance.now() - this.saved < SAVE_AFTER)) return;
    await this.saving;
    this.saving = this.save();
    this.saving.catch(() => undefined); // it is looked at by whoever waits for it
    this.saved = performance.now();
  }

  /** Until nothing is being written. @throws StoreError */
  done(): Promise<void> {
    return this.saving;
  }

  private async save(): Promise<void> {
    this.isSaving = true;
    try {
      await this.lake.save(this.target.table, this.target.series);
    } finally {
      this.isSaving = false;
    }
  }
}
