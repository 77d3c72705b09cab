import type { BigQueryPlace } from "../core/bigquery-place.ts";
import type { AppError } from "../core/errors.ts";
import { shellWord } from "../core/shell.ts";
import type { TableName } from "../core/table.ts";
import type { Month } from "../core/time.ts";
import type { GoogleAccess } from "../google/auth.ts";
import type {
  LedgerRow,
  LoadTalk,
  LoadUnit,
  QueryResult,
  SetupOptions,
  SetupReport,
  StrangeMonth,
  Warehouse,
  WarehouseUsage,
} from "../ports/warehouse.ts";
import type { Clock, Logger } from "../ports.ts";
import { JOBS_A_DAY } from "./bigquery/admission.ts";
import { Api } from "./bigquery/api.ts";
import { expiredMonth } from "./bigquery/expiry.ts";
import { Jobs, type OnStep } from "./bigquery/jobs.ts";
import { LedgerTable } from "./bigquery/ledger-table.ts";
import type { JobKind } from "./bigquery/load-unit.ts";
import { loadUnits } from "./bigquery/load-units.ts";
import { answer, costOf, type QueryWork } from "./bigquery/query.ts";
import { setUp } from "./bigquery/setup.ts";
import { standing } from "./bigquery/standing.ts";
import { Tables } from "./bigquery/tables.ts";
import { createAll, type Place } from "./bigquery-sql.ts";
import { datasetsOf } from "./dataset.ts";

export interface BigQueryOptions extends BigQueryPlace {
  readonly synthetic: boolean;
  readonly access: GoogleAccess;
  readonly log: Logger;
  readonly clock: Clock;
  /** Called before each step of a change; what it throws ends the change. */
  readonly onStep?: OnStep | undefined;
  /** URIs that one load job may name. */
  readonly uris?: number | undefined;
  /** Load jobs that a table takes in a day. */
  readonly jobsADay?: number | undefined;
  /** Rows from which on the ledger is written anew where most of them are past. */
  readonly longLedger?: number | undefined;
}

/** https://cloud.google.com/bigquery/quotas#load_jobs */
const URIS = 10_000;
/** A page or two of table data. */
const LONG_LEDGER = 50_000;
/** A gibibyte: more than every table of a few series, a cent's worth at most. */
const MAX_BYTES = 2 ** 30;

/**
 * A warehouse in BigQuery. Load jobs replace whole monthly partitions, so nothing is billed and a reader sees the old
 * month or the new one; their names make a repetition find what was begun (docs/decisions/bigquery.md).
 */
export class BigQueryWarehouse implements Warehouse {
  readonly label: string;
  readonly reads = "objects";
  readonly location: string;
  strangers: readonly StrangeMonth[] = [];
  foreign: ReadonlyMap<TableName, AppError> = new Map();
  private lifetimes: ReadonlyMap<TableName, number> = new Map();
  private readonly options: BigQueryOptions;
  private readonly place: Place;
  private readonly api: Api;
  private readonly tables: Tables;
  private readonly jobs: Jobs;
  private readonly ledgerTable: LedgerTable;
  private readonly onStep: OnStep;
  private readonly used = { loadJobs: 0, ledgerJobs: 0, copyJobs: 0, bytesLoaded: 0, bytesBilled: 0 };

  constructor(options: BigQueryOptions) {
    const { project, dataset, location, synthetic } = options;
    const datasets = datasetsOf(dataset, synthetic);
    this.options = options;
    this.location = location;
    this.label = `bigquery:${project}.${datasets.raw}`;
    this.place = { project, dataset, datasets, location };
    const { access, log, clock } = options;
    this.onStep = options.onStep ?? (() => {});
    this.api = new Api({ project, label: this.label, access, log, clock });
    this.tables = new Tables(this.api, this.place);
    this.jobs = new Jobs(this.api, location, this.onStep);
    const { longLedger = LONG_LEDGER } = options;
    this.ledgerTable = new LedgerTable(this.tables, this.jobs, this.label, longLedger);
  }

  ddl(tables?: readonly TableName[], description?: string): string {
    return createAll(this.place, tables, description);
  }

  setup(asked: SetupOptions = { moveExisting: false, description: undefined }): Promise<SetupReport> {
    const { tables, jobs, label, ledgerTable: ledger } = this;
    const { log, clock } = this.options;
    return setUp({ tables, jobs, ledger, label, log, now: () => clock.now(), ...asked });
  }

  async ledger(): Promise<readonly LedgerRow[]> {
    const table = await this.ledgerTable.find();
    const state = table && (await this.ledgerTable.read(table));
    const { rows, strangers, foreign, timeless, lifetimes } = await standing(this.label, this.tables, state);
    this.strangers = strangers;
    this.foreign = foreign;
    this.lifetimes = lifetimes;
    for (const [name, count] of timeless) this.options.log.warn(this.timelessNote(name, count));
    return rows;
  }

  unloadable(table: TableName, month: Month): AppError | undefined {
    const { label, tables } = this;
    const now = () => this.options.clock.now();
    return this.foreign.get(table) ?? expiredMonth({ label, tables, now }, table, month, this.lifetimes.get(table));
  }

  async load(
    units: readonly LoadUnit[],
    done: (unit: LoadUnit, rows: number) => void,
    signal?: AbortSignal,
    talk: LoadTalk = {},
  ): Promise<void> {
    if (units.length === 0) return;
    const { api, tables, jobs, label, onStep } = this;
    const { clock, synthetic, uris = URIS, jobsADay = JOBS_A_DAY } = this.options;
    const work = {
      ...{ api, tables, jobs, label, onStep, synthetic, uris, jobsADay },
      now: () => clock.now(),
      ledger: this.ledgerTable,
      talk,
      count: (kind: JobKind): void => {
        this.used[`${kind}Jobs`]++;
      },
      brought: (bytes: number): void => {
        this.used.bytesLoaded += bytes;
      },
    };
    await loadUnits(work, units, done, signal);
  }

  query(sql: string, signal?: AbortSignal): Promise<QueryResult> {
    return answer(this.queryWork(), sql, signal);
  }

  cost(sql: string, signal?: AbortSignal): Promise<number> {
    return costOf(this.queryWork(), sql, signal);
  }

  get usage(): WarehouseUsage {
    return { requests: this.api.requests, ...this.used };
  }

  async close(): Promise<void> {}

  /** Said of rows that no load brings and no load can replace: each month's job replaces that month. */
  private timelessNote(name: TableName, rows: number): string {
    const { project, datasets } = this.place;
    const partition = shellWord(`${project}:${datasets.raw}.${name}$__NULL__`);
    const what = `${this.label}: ${name} has ${rows === 1 ? "a row" : `${rows} rows`} without a time, which no load brought.`;
    return `${what}\n  next: bq rm -f -t ${partition}`;
  }

  private queryWork(): QueryWork {
    const { api, jobs, tables, label } = this;
    const { project, location, datasets } = this.place;
    const billed = (bytes: number): void => {
      this.used.bytesBilled += bytes;
    };
    const maxBytes = this.options.maxBytes ?? MAX_BYTES;
    return { api, jobs, tables, label, project, location, datasets, maxBytes, billed };
  }
}
