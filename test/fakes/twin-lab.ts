import { resolveConfig } from "../../src/config.ts";
import type { Disagreement } from "../../src/core/manifest.ts";
import { openPorts, type Seams, SILENT } from "../../src/open.ts";
import type { Applied } from "../../src/pipeline/apply.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import type { Logger, Ports } from "../../src/ports.ts";
import { tree } from "./folder.ts";
import { rowsOf } from "./real-lab.ts";

/** One partition as its manifest tells it. */
export interface EntryText {
  readonly object: string | null;
  readonly content: string;
  readonly rows: number;
  readonly source: string;
  readonly confirmedBy?: string;
  readonly archives?: readonly string[];
  readonly gaps: readonly {
    readonly from: string;
    readonly to: string;
    readonly class: string;
    readonly bars: number;
  }[];
  readonly notes: readonly { readonly kind: string; readonly count: number }[];
  readonly quarantined: { readonly rows: number; readonly object: string } | null;
  readonly disagreements?: readonly (Omit<Disagreement, "time"> & { readonly time: string })[];
  readonly revisions?: readonly { readonly content: string; readonly archives?: Readonly<Record<string, string>> }[];
}

/** A manifest as its file has it. */
export interface ManifestText {
  readonly listed: string | null;
  readonly archives?: Readonly<
    Record<
      string,
      { readonly sha256: string; readonly unit: string; readonly header: boolean; readonly labels?: string }
    >
  >;
  readonly partitions: Readonly<Record<string, EntryText>>;
}

/** Nobody waits: what is tried again is tried at once. */
const clock = { now: () => Date.now(), async sleep() {} };

/** Everything that a run over a twin needs, in this process; the lake is a folder. */
export function twinPorts(
  data: string,
  settings: Readonly<Record<string, string>>,
  seams: Seams = {},
  keep?: string,
  log: Logger = SILENT,
): Ports {
  const { config } = resolveConfig({ data, ...(keep === undefined ? {} : { keepArchives: keep }) }, settings);
  return openPorts(config, log, { clock, ...seams });
}

/** A lake on disk that a twin, or a front before one, is asked for. */
export class TwinLab implements AsyncDisposable {
  readonly data: string;
  /** Where its files lie: made data have a folder of their own. */
  readonly root: string;
  readonly engine: Engine;
  readonly #ports: Ports;

  /** @param keep folder of verified archives */
  constructor(
    data: string,
    settings: Readonly<Record<string, string>>,
    seams: Seams = {},
    keep?: string,
    log?: Logger,
  ) {
    this.#ports = twinPorts(data, settings, seams, keep, log);
    this.engine = new Engine(this.#ports);
    this.data = data;
    this.root = settings["CANDLELAKE_SYNTHETIC"] === "1" ? `${data}/synthetic` : data;
  }

  run(...wishes: readonly Wish[]): Promise<Applied> {
    return this.engine.apply({ wishes, load: null }, "candlelake ingest");
  }

  /** A run that also compares what was taken in with what is published. */
  verify(...wishes: readonly Wish[]): Promise<Applied> {
    return this.engine.apply({ wishes, load: null, verifyArchives: true }, "candlelake ingest");
  }

  async queryLake(sql: string): Promise<Record<string, unknown>[]> {
    return rowsOf(await this.engine.queryLake(sql));
  }

  /** By its path below the folder of manifests. */
  manifest(path: string): ManifestText {
    const text = tree(this.root).get(`_manifests/${path}`);
    if (!text) throw new Error(`no manifest ${path}: ${[...tree(this.root).keys()].join(" ")}`);
    return JSON.parse(text.toString());
  }

  /** The lake's files: manifests as text without the port of whoever was asked, all others byte by byte. */
  contents(): Record<string, string> {
    const files = [...tree(this.root)].map(([key, bytes]) =>
      key.endsWith(".json")
        ? [key, bytes.toString().replaceAll(/127\.0\.0\.1:\d+/g, "host")]
        : [key, bytes.toString("base64")],
    );
    return Object.fromEntries(files);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ports.close();
  }
}
