import { createHash } from "node:crypto";
import { type Batch, concat, numbers, take } from "../core/batch.ts";
import { DataError } from "../core/errors.ts";
import { quarantineKey } from "../core/layout.ts";
import { type Entry, refetchCommand } from "../core/manifest.ts";
import { finalRange } from "../core/partition.ts";
import type { DeriveStep, FetchStep, State, Target } from "../core/plan.ts";
import { inputHashes, inputsOf } from "../core/plan.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import { type Day, dayRange, iso } from "../core/time.ts";
import { type Checked, check, fillGaps, type Received, type Refused } from "../market/check.ts";
import { deriveMetrics } from "../market/derive.ts";
import { TABLE } from "../market/tables.ts";
import { contentHash } from "../parquet/content.ts";
import { decode } from "../parquet/decode.ts";
import { encode } from "../parquet/encode.ts";
import type { Lake } from "./lake.ts";
import type { Outcome } from "./outcome.ts";

const MICROS = 1000;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * A stored partition's rows.
 * @throws DataError where the object is gone or not the one that its entry names
 */
export async function readPartition(
  lake: Lake,
  table: TableName,
  series: Series,
  day: Day,
  entry: Entry,
): Promise<Batch> {
  if (entry.object === null) return concat(TABLE[table], []);
  const bytes = await lake.store.read(entry.object);
  if (!bytes || sha256(bytes) !== entry.sha256) {
    throw new DataError(
      bytes ? "object-changed" : "object-missing",
      `${entry.object} ${bytes ? "is not the file that its manifest names" : "is gone"}.`,
      refetchCommand(series, day),
    );
  }
  return decode(bytes, TABLE[table], entry.object);
}

/** Event times that were stored before and did not come this time, as rows of the stored batch. */
function missingRows(stored: Batch, came: Batch): number[] {
  const times = numbers(came, came.table.eventTime).values;
  const have = new Set(times);
  const before = numbers(stored, stored.table.eventTime).values;
  return [...before.keys()].filter((row) => !have.has(before[row] as number));
}

/**
 * Stored rows never vanish: where the venue no longer publishes them, or sends them broken, the stored ones stay; where
 * it silently leaves them out, the step fails and nothing changes.
 */
async function keepStored(
  lake: Lake,
  step: FetchStep,
  old: Entry,
  checked: Checked,
  first: number | undefined,
): Promise<Checked> {
  const { batch } = checked;
  if (old.rows === 0 || (batch.rows >= old.rows && contentHash(batch, old.rows) === old.content)) return checked;
  const stored = await readPartition(lake, step.table, step.series, step.day, old).catch((error: unknown) => {
    // A run that was killed between object and manifest left another object: nothing stored is left to keep.
    if (error instanceof DataError) return undefined;
    throw error;
  });
  if (!stored) return checked;
  const missing = missingRows(stored, batch);
  if (missing.length === 0) return checked;
  const before = numbers(stored, stored.table.eventTime).values;
  const explained = (time: number) =>
    checked.gaps.some(
      (gap) => time >= gap.from && time < gap.to && (gap.class === "not-published" || gap.class === "quarantined"),
    );
  const vanished = missing.filter((row) => !explained((before[row] as number) / MICROS));
  if (vanished.length > 0) {
    throw new DataError(
      "rows-vanished",
      `${step.path}: the venue no longer sends ${vanished.length} of ${old.rows} stored rows, the first at ${iso((before[vanished[0] as number] as number) / MICROS)}; the stored ones are kept.`,
      "candlelake status",
    );
  }
  const joined = concat(batch.table, [batch, take(stored, missing)]);
  const times = numbers(joined, joined.table.eventTime).values;
  const order = [...times.keys()].sort((a, b) => (times[a] as number) - (times[b] as number));
  const kept = new Set(missing.map((row) => (before[row] as number) / MICROS));
  return { ...checked, batch: take(joined, order), gaps: fillGaps(step.series, checked.gaps, kept, first) };
}

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

/** The object of an entry is there, byte by byte: its size alone does not tell. */
async function isStored(lake: Lake, { object, sha256: hash }: Entry): Promise<boolean> {
  if (object === null) return true;
  const bytes = await lake.store.read(object);
  return bytes !== undefined && sha256(bytes) === hash;
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
  const kept = old ? await keepStored(lake, step, old, checked, first) : checked;
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
