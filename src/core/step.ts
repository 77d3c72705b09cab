import type { AppError } from "./errors.ts";
import type { Derivation } from "./goal.ts";
import type { Route } from "./route.ts";
import type { Series } from "./series.ts";
import type { TableName } from "./table.ts";
import type { Day, Month } from "./time.ts";

interface PartitionStep {
  readonly table: TableName;
  readonly series: Series;
  readonly day: Day;
  readonly reason: string;
  readonly path: string;
  readonly error?: AppError;
}

export interface FetchStep extends PartitionStep {
  readonly action: "fetch";
  readonly route: Route;
  /** Why that route. */
  readonly because: string;
  /** What is stored stays as it is: only what is missing of it is asked for. */
  readonly fills?: true;
  /** What is stored stays as it is: it could not be compared with what is published. */
  readonly stands?: true;
}

export interface DeriveStep extends PartitionStep {
  readonly action: "derive";
  readonly derivation: Derivation;
}

export interface UploadStep extends PartitionStep {
  readonly action: "upload";
}

export interface LoadStep {
  readonly action: "load";
  readonly table: TableName;
  readonly month: Month;
  readonly reason: string;
  readonly rows: number;
  /** Nothing may take the month's place. */
  readonly empties?: true;
  readonly error?: AppError;
}

export type Step = FetchStep | DeriveStep | UploadStep | LoadStep;
