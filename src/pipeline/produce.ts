import { type Batch, concat, numbers } from "../core/batch.ts";
import { quarantineKey } from "../core/layout.ts";
import type { Entry } from "../core/manifest.ts";
import { finalRange } from "../core/partition.ts";
import type { DeriveStep, FetchStep, State, Target } from "../core/plan.ts";
import { inputHashes, inputsOf } from "../core/plan.ts";
import type { TableName } from "../core/table.ts";
import { type Day, dayRange, iso } from "../core/time.ts";
import { check, type Received, type Refused } from "../market/check.ts";
import { deriveMetrics } from "../market/derive.ts";
import { TABLE } from "../market/tables.ts";
import { contentHash } from "../parquet/content.ts";
import { encode } from "../parquet/encode.ts";
import type { Lake } from "./lake.ts";
import type { Outcome } from "./outcome.ts";
import { isStored, keepStored, readPartition, sha256 } from "./stored-rows.ts";

const MICROS = 1000;

const span = (batch: Batch): readonly [number, number] | null => {
  const times = numbers(batch, batch.table.eventTime).values;
  return batch.rows === 0
    ? null
    : [Math.floor((times[0] as number) / MICROS), Math.floor((times[batch.rows - 1] as number) / MICROS)];
};

async function quarantine(lake: Lake, step: FetchStep, refused: readonly Refused[]): Promise<Entry["quarantined"]> {
  if (refused.length === 0) return null;
  const object = quarantineKey(step.table, step.series, step.day);
  const rows = refused.map((row) => JSON.stringify({ time: iso(row.time), reason: row.reason, row: row.evidence }));
  await lake.store.write(object, new TextEncoder().encode(`[\n${rows.join(",\n")}\n]\n`));
  return { rows: refused.length, object };
}

interface Written {
  readonly object: string | null;
  readonly sha256: string | null;
  readonly bytes: number;
}

async function writeObject(lake: Lake, path: string, batch: Batch): Promise<Written> {
  if (batch.rows === 0) return { object: null, sha256: null, bytes: 0 };
  const bytes = encode(batch);
  await lake.store.write(path, bytes);
  return { object: path, sha256: sha256(bytes), bytes: bytes.length };
}

interface Draft {
  readonly batch: Batch;
  readonly content: string;
  readonly rest: Omit<Entry, keyof Written | "content" | "rows" | "span" | "revisions">;
}

/** Puts a partition in place and into its manifest; the object is left alone where its rows are the same already. */
async function store(
  lake: Lake,
  step: FetchStep | DeriveStep,
  draft: Draft,
  state: State,
  listed: number | undefined,
): Promise<Outcome> {
  const { batch, content } = draft;
  const old = state.entry(step.table, step.series, step.day);
  const same = old !== undefined && old.content === content && (await isStored(lake, old));
  const written = same ? old : await writeObject(lake, step.path, batch);
  const extended = old !== undefined && batch.rows >= old.rows && contentHash(batch, old.rows) === old.content;
  const revised = old !== undefined && !same && !extended;
  const entry: Entry = {
    object: written.object,
    sha256: written.sha256,
    content,
    bytes: written.bytes,
    rows: batch.rows,
    span: span(batch),
    ...draft.rest,
    revisions:
      revised && step.action === "fetch"
        ? [...old.revisions, { content: old.content, sha256: old.sha256, rows: old.rows, asOf: old.asOf }]
        : (old?.revisions ?? []),
  };
  lake.record(step.table, step.series, step.day, entry, listed);
  return {
    step,
    status: same ? "unchanged" : "done",
    rows: same ? 0 : batch.rows,
    bytes: same ? 0 : written.bytes,
    sha256: entry.sha256,
    gaps: entry.gaps,
    revised,
    quarantined: entry.quarantined?.rows ?? 0,
    error: null,
  };
}

/** Checks what came for a day, and stores it. @throws DataError, StoreError */
export async function produceFetched(
  lake: Lake,
  target: Target,
  step: FetchStep,
  received: Received,
  host: string,
  state: State,
): Promise<Outcome> {
  const { series, first, now } = target;
  const checked = check(series, received, finalRange(series, step.day, now, first), first);
  const old = state.entry(step.table, series, step.day);
  const kept = old ? await keepStored(lake, target, step, old, checked) : checked;
  const draft: Draft = {
    batch: kept.batch,
    content: contentHash(kept.batch),
    rest: {
      gaps: kept.gaps,
      notes: kept.notes,
      quarantined: await quarantine(lake, step, kept.refused),
      inputs: null,
      source: target.source,
      host,
      asOf: now,
    },
  };
  return store(lake, step, draft, state, first);
}

/** Makes a derived partition from its inputs as the lake has them now. @throws DataError, StoreError */
export async function produceDerived(lake: Lake, step: DeriveStep, state: State): Promise<Outcome> {
  const { derivation, day } = step;
  const batches = new Map<string, Batch[]>();
  let asOf = 0;
  let candles: Entry | undefined;
  for (const input of inputsOf(derivation, day)) {
    const entry = state.entry(input.table, input.series, input.day);
    if (!entry) continue;
    if (input.table === derivation.candles.table) candles = entry;
    asOf = Math.max(asOf, entry.asOf);
    const batch = await readPartition(lake, input.table, input.series, input.day, entry);
    batches.set(input.table, [...(batches.get(input.table) ?? []), batch]);
  }
  const of = (table: TableName): Batch => concat(TABLE[table], batches.get(table) ?? []);
  const period = derivation.lookUps.find((lookUp) => lookUp.table === "open_interest")?.series.step ?? "5m";
  const batch = deriveMetrics(of(derivation.candles.table), of("funding_rates"), of("open_interest"), period);
  const draft: Draft = {
    batch,
    content: contentHash(batch),
    rest: {
      gaps: candles?.gaps ?? [],
      notes: [],
      quarantined: null,
      inputs: inputHashes(derivation, day, state),
      source: "derived",
      host: "",
      asOf,
    },
  };
  return store(lake, step, draft, state, derivation.first);
}

/** The days of fetch steps as runs that one stream of pages serves: no settled partition lies between them. */
export function runsOf(steps: readonly FetchStep[], isWanted: (day: Day) => boolean): FetchStep[][] {
  const runs: FetchStep[][] = [];
  for (const step of steps) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && !hasOtherBetween(last.day, step.day, isWanted)) run.push(step);
    else runs.push([step]);
  }
  return runs;
}

function hasOtherBetween(from: Day, to: Day, isWanted: (day: Day) => boolean): boolean {
  for (let time = dayRange(from).to; time < dayRange(to).from; time = dayRange(iso(time).slice(0, 10)).to) {
    if (isWanted(iso(time).slice(0, 10))) return true;
  }
  return false;
}
