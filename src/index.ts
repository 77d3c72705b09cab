/**
 * candlelake as a library: open a lake, plan, apply, read columns, query.
 *
 * @example
 * const lake = openLake({ data: "data", synthetic: true });
 * const request = { wishes: [readWish({ topic: "spot", symbol: "BTCUSDT", from: "2025-01-01", to: "2025-02-01" })], load: null };
 * await lake.apply(request, "my script");
 * for await (const { batch } of lake.read(TABLE.spot_klines)) console.log(numbers(batch, "close").values);
 * await lake.close();
 */
import { checkOptions, resolveConfig } from "./config.ts";
import type { Endpoints } from "./endpoints.ts";
import { openCandlelake } from "./open.ts";
import type { Engine } from "./pipeline/engine.ts";
import type { Logger } from "./ports.ts";

export type { Config } from "./config.ts";
export type { ConfiguredSeries } from "./config-file.ts";
export {
  type Batch,
  type Column,
  isText,
  type NumberColumn,
  numbers,
  rowAt,
  type TextColumn,
  text,
} from "./core/batch.ts";
export {
  AppError,
  DataError,
  Interrupted,
  SourceError,
  StoreError,
  UsageError,
  WarehouseError,
} from "./core/errors.ts";
export type { Gap, GapClass } from "./core/gap.ts";
export { INTERVALS, type Interval, PERIODS, type Period } from "./core/interval.ts";
export type { Entry, Note, Revision } from "./core/manifest.ts";
export type { Kind, Market, Series, Venue } from "./core/series.ts";
export type { DeriveStep, FetchStep, LoadStep, Step, UploadStep } from "./core/step.ts";
export type { ColumnSpec, ColumnType, Table, TableName } from "./core/table.ts";
export type { Day, Month, TimeRange } from "./core/time.ts";
export type { Endpoints } from "./endpoints.ts";
export { TABLE, TABLES } from "./market/tables.ts";
export type { Applied } from "./pipeline/apply.ts";
export type { Engine, Plan, Report, Request } from "./pipeline/engine.ts";
export type { Foreign } from "./pipeline/foreign.ts";
export type { GoneMonth } from "./pipeline/gone.ts";
export type { Outcome, Status } from "./pipeline/outcome.ts";
export type { Selection } from "./pipeline/selection.ts";
export type { SeriesStatus } from "./pipeline/status.ts";
export type { Survey } from "./pipeline/survey.ts";
export { readWish, type Topic, type Wish, type WishText } from "./pipeline/wish.ts";
export type { ExportFormat, QueryResult, ResultColumn } from "./ports/warehouse.ts";
export type { Logger } from "./ports.ts";

export interface OpenOptions {
  /** Folder of the lake. Default: `CANDLELAKE_DATA`, else `data`. */
  readonly data?: string;
  /** `duckdb:PATH` or `bigquery:PROJECT.DATASET`. Default: `CANDLELAKE_WAREHOUSE`, else a file in the lake's folder. */
  readonly warehouse?: string;
  /** `gs://NAME`: the lake in Cloud Storage too. Default: `CANDLELAKE_BUCKET`, else none. */
  readonly bucket?: string;
  /** Made data, in a world of their own. */
  readonly synthetic?: boolean;
  /** Other addresses of the venues' REST interfaces. */
  readonly endpoints?: Partial<Endpoints>;
  /** Talk; silent where left out. */
  readonly log?: Logger;
}

/**
 * Opens a lake and its warehouse. Nothing is read, written or asked before a method is called.
 * @throws UsageError where an option or an environment variable cannot be
 */
export function openLake(options: OpenOptions = {}): Engine {
  const { log, ...settings } = options;
  const { config } = resolveConfig(checkOptions(settings, "openLake"), process.env);
  return openCandlelake(config, log).engine;
}
