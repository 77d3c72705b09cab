import * as path from "node:path";
import { type Config, DEFAULT_LOCATION } from "./config.ts";
import { DATASET } from "./core/bigquery-place.ts";
import { UsageError } from "./core/errors.ts";
import type { Market } from "./core/series.ts";
import type { TableName } from "./core/table.ts";
import { DEFAULT_ENDPOINTS, type Endpoints } from "./endpoints.ts";
import { ProxySettingError, proxySettings } from "./net/proxy-settings.ts";
import { systemClock } from "./net/system-clock.ts";
import { Engine } from "./pipeline/engine.ts";
import { duckdbFile } from "./places.ts";
import type { Bucket } from "./ports/bucket.ts";
import type { LakeSql, Warehouse } from "./ports/warehouse.ts";
import type { Archive, Clock, Logger, Ports, Source } from "./ports.ts";
import { DISK, type Disk } from "./stores/disk.ts";
import { FileStore } from "./stores/file.ts";
import { lockLake } from "./stores/lock.ts";
import { roomOf } from "./stores/room.ts";
import { Shelf } from "./stores/shelf.ts";
import type { WorkerPool } from "./workers/pool.ts";

export const SILENT: Logger = { info() {}, warn() {}, debug() {} };

/** Seams for tests: another clock, and a disk that stops where it is told to. */
export interface Seams {
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly onStep?: (step: string) => void;
}

const ENDPOINT: Record<"binance" | "binance-us", Record<Market, keyof Endpoints | undefined>> = {
  binance: { spot: "binance-spot-rest", um: "binance-futures-rest" },
  "binance-us": { spot: "binance-us-rest", um: undefined },
};

/** Where a world's files lie: made data have a root of their own, and nothing opens both. */
export const lakeRoot = (config: Config): string =>
  config.synthetic ? path.join(config.data, "synthetic") : config.data;

async function openSource(
  config: Config,
  venue: "binance" | "binance-us",
  market: Market,
  clock: Clock,
  log: Logger,
): Promise<Source> {
  const key = ENDPOINT[venue][market];
  if (!key) throw new Error(`${venue} has no ${market}`);
  const url = config.endpoints[key];
  if (config.synthetic && url === DEFAULT_ENDPOINTS[key]) {
    const { SyntheticSource } = await import("./sources/synthetic/source.ts");
    return new SyntheticSource(clock);
  }
  const [{ BinanceRest }, { endpointOf }] = await Promise.all([
    import("./sources/binance/rest.ts"),
    import("./sources/binance/endpoints.ts"),
  ]);
  const endpoint = endpointOf(venue, market);
  if (!endpoint) throw new Error(`${venue} has no endpoint for ${market}`);
  return new BinanceRest({ endpoint, base: url, synthetic: config.synthetic, clock, log });
}

/** Where bulk files are kept, each world's apart: a kept file does not say whose it was. */
function keptFiles({ keepArchives, synthetic }: Config, disk: Disk): FileStore | undefined {
  if (keepArchives === undefined) return undefined;
  return new FileStore(synthetic ? path.join(keepArchives, "synthetic") : keepArchives, disk);
}

/** The bulk files of a venue. In the made world only a stand-in has any. */
async function openArchive(
  config: Config,
  venue: "binance" | "binance-us",
  shelf: Shelf | undefined,
  clock: Clock,
  log: Logger,
): Promise<Archive | undefined> {
  const { "binance-archive": base, "binance-archive-list": listing } = config.endpoints;
  if (venue !== "binance" || (config.synthetic && base === DEFAULT_ENDPOINTS["binance-archive"])) return undefined;
  const { BinanceArchive } = await import("./sources/binance/archive.ts");
  const { synthetic } = config;
  return new BinanceArchive({ base, listing: listing === "none" ? undefined : listing, synthetic, shelf, clock, log });
}

/** Google's own address is left to the clients: they know more than one. */
const elsewhere = (config: Config, key: "storage" | "bigquery"): string | undefined =>
  config.endpoints[key] === DEFAULT_ENDPOINTS[key] ? undefined : config.endpoints[key];

/** Where objects of a world lie in a bucket. */
const bucketRoot = (synthetic: boolean): string => (synthetic ? "synthetic/" : "raw/");

/** Google's clients would end with a stack that repeats the setting. @throws UsageError */
function refuseBadProxy(): void {
  for (const protocol of ["http:", "https:"]) {
    try {
      proxySettings(process.env, protocol);
    } catch (error) {
      if (!(error instanceof ProxySettingError)) throw error;
      throw new UsageError("bad-proxy", `The environment's ${error.message}.`, "candlelake config --help", {
        cause: error,
      });
    }
  }
}

async function openBucket(config: Config, clock: Clock, log: Logger): Promise<Bucket | undefined> {
  const { bucket, project, synthetic } = config;
  if (bucket === undefined) return undefined;
  refuseBadProxy();
  const { GcsBucket } = await import("./stores/gcs.ts");
  const access = { endpoint: elsewhere(config, "storage"), project };
  return new GcsBucket({ name: bucket, root: bucketRoot(synthetic), access, log, clock });
}

/** Config to ports: the only place that names adapters. Nothing is read or written before it is asked for. */
export function openPorts(config: Config, log: Logger = SILENT, seams: Seams = {}): Ports {
  const clock = seams.clock ?? systemClock;
  const root = lakeRoot(config);
  const store = new FileStore(root, seams.disk ?? DISK);
  const sources = new Map<string, Promise<Source>>();
  const opened: { readonly usage: Source["usage"] }[] = [];
  const kept = keptFiles(config, seams.disk ?? DISK);
  const shelf = kept && new Shelf(kept, log);
  const database = () => duckdbFile(config.warehouse, config.synthetic);
  const archives = new Map<string, Promise<Archive | undefined>>();
  let pool: Promise<WorkerPool> | undefined;
  let bucket: Promise<Bucket | undefined> | undefined;
  let warehouse: Promise<Warehouse> | undefined;
  let openedBucket: Bucket | undefined;
  let openedWarehouse: Warehouse | undefined;
  let lakeSql: Promise<LakeSql> | undefined;
  const openWarehouse = async (): Promise<Warehouse> => {
    if (config.bigquery) {
      refuseBadProxy();
      const { BigQueryWarehouse } = await import("./warehouses/bigquery.ts");
      const access = { endpoint: elsewhere(config, "bigquery"), project: config.bigquery.project };
      return new BigQueryWarehouse({
        ...config.bigquery,
        synthetic: config.synthetic,
        access,
        log,
        clock,
      });
    }
    const { DuckDbWarehouse } = await import("./warehouses/duckdb.ts");
    return new DuckDbWarehouse({
      file: database(),
      synthetic: config.synthetic,
      now: () => clock.now(),
      onStep: seams.onStep,
    });
  };
  const openPool = (): Promise<WorkerPool> => {
    pool ??= import("./workers/pool.ts").then(({ WorkerPool: Pool }) => new Pool());
    return pool;
  };
  const openLakeSql = async (): Promise<LakeSql> => {
    const { DuckDbLakeSql } = await import("./warehouses/lake-sql.ts");
    return new DuckDbLakeSql({ root, synthetic: config.synthetic });
  };
  return {
    clock,
    log,
    synthetic: config.synthetic,
    store,
    room: () => roomOf(root, store, kept, config.bigquery ? undefined : database()),
    bucket() {
      bucket ??= openBucket(config, clock, log).then((made) => {
        openedBucket = made;
        return made;
      });
      return bucket;
    },
    async lock(command, signal) {
      const lock = await lockLake(root, command, clock, signal);
      store.removeUnfinished();
      shelf?.removeUnfinished();
      return lock;
    },
    source(venue, market) {
      const name = `${venue}/${market}`;
      let source = sources.get(name);
      if (!source) {
        source = openSource(config, venue, market, clock, log).then((made) => {
          opened.push(made);
          return made;
        });
        sources.set(name, source);
      }
      return source;
    },
    archive(venue) {
      const known = archives.get(venue);
      if (known) return known;
      const archive = openArchive(config, venue, shelf, clock, log).then((made) => {
        if (made) opened.push(made);
        return made;
      });
      archives.set(venue, archive);
      return archive;
    },
    async refine(job) {
      return (await openPool()).refine(job);
    },
    prepare() {
      void openPool().then((opened) => opened.prepare());
    },
    warehouse() {
      warehouse ??= openWarehouse().then((made) => {
        openedWarehouse = made;
        return made;
      });
      return warehouse;
    },
    lakeSql() {
      lakeSql ??= openLakeSql();
      return lakeSql;
    },
    cloud: () => ({ bucket: openedBucket?.usage, warehouse: openedWarehouse?.usage }),
    usage: () => ({
      requests: opened.reduce((sum, source) => sum + source.usage.requests, 0),
      retries: opened.reduce((sum, source) => sum + source.usage.retries, 0),
    }),
    async close() {
      await (await warehouse)?.close();
      await (await lakeSql)?.close();
      await (await pool)?.close();
    },
  };
}

/** The statements that make a warehouse's tables, in its language, named as the config names them; none is opened. */
export async function ddlOf(
  config: Config,
  kind: "duckdb" | "bigquery",
  tables: readonly TableName[],
): Promise<string> {
  const { datasetsOf } = await import("./warehouses/dataset.ts");
  const { bigquery, synthetic } = config;
  if (kind === "duckdb") {
    const { createTables } = await import("./warehouses/duckdb-sql.ts");
    return createTables(datasetsOf(DATASET, synthetic), tables);
  }
  const { createAll } = await import("./warehouses/bigquery-sql.ts");
  const { project, dataset = DATASET, location = DEFAULT_LOCATION } = bigquery ?? {};
  return createAll({ project, location, datasets: datasetsOf(dataset, synthetic) }, tables);
}

export interface Candlelake {
  readonly engine: Engine;
  readonly ports: Ports;
}

export function openCandlelake(config: Config, log: Logger = SILENT, seams: Seams = {}): Candlelake {
  const ports = openPorts(config, log, seams);
  return { engine: new Engine(ports), ports };
}
