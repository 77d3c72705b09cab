import { release } from "../archive/release.ts";
import { type Batch, concat, numbers, take } from "../core/batch.ts";
import type { Target } from "../core/goal.ts";
import { type Entry, REFUSED_FILE, type Revision, UNCONFIRMED } from "../core/manifest.ts";
import { finalRange } from "../core/partition.ts";
import { inputHashes, inputsOf } from "../core/plan.ts";
import type { State } from "../core/state.ts";
import type { DeriveStep, FetchStep } from "../core/step.ts";
import type { TableName } from "../core/table.ts";
import { type Day, dayRange, iso } from "../core/time.ts";
import { type Checked, check, type Received } from "../market/check.ts";
import { deriveMetrics } from "../market/derive.ts";
import { TABLE } from "../market/tables.ts";
import { contentHash } from "../parquet/content.ts";
import { encode } from "../parquet/encode.ts";
import type { FinishedDay } from "../ports.ts";
import type { Lake } from "./lake.ts";
import { type Outcome, planned } from "./outcome.ts";
import { quarantine } from "./quarantine.ts";
import { sha256, sourcesOf, spanOf } from "./rows.ts";
import { isStored, keepDerived, keepStored, readPartition } from "./stored-rows.ts";
import { keepUnnamed } from "./unnamed.ts";

const MICROS = 1000;

interface Written {
  readonly object: string | null;
  readonly sha256: string | null;
  readonly bytes: number;
}

interface Parquet {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

async function writeObject(lake: Lake, path: string, rows: Rows): Promise<Written> {
  if (rows.rows === 0) return { object: null, sha256: null, bytes: 0 };
  const { bytes, sha256: hash } = rows.parquet();
  await lake.store.write(path, bytes);
  return { object: path, sha256: hash, bytes: bytes.length };
}

/** Checked rows of a partition, whoever encodes them. */
interface Rows {
  readonly rows: number;
  readonly span: Entry["span"];
  readonly content: string;
  parquet(): Parquet;
  /** Whether they are those of the entry and more behind them or in its gaps. */
  extend(old: Entry): boolean;
}

function rowsOf(batch: Batch): Rows {
  return {
    rows: batch.rows,
    span: spanOf(batch),
    content: contentHash(batch),
    parquet() {
      const bytes = encode(batch);
      return { bytes, sha256: sha256(bytes) };
    },
    extend(old) {
      if (batch.rows < old.rows) return false;
      if (contentHash(batch, old.rows) === old.content) return true;
      const times = numbers(batch, batch.table.eventTime).values;
      const isOld = (time: number) => !old.gaps.some((gap) => time >= gap.from && time < gap.to);
      const rows = [...times.keys()].filter((row) => isOld((times[row] as number) / MICROS));
      return rows.length >= old.rows && contentHash(take(batch, rows.slice(0, old.rows))) === old.content;
    },
  };
}

/** Rows that came again are still whose they were: the object says so. That another source has them too is noted. */
function confirmed(old: Entry, { source, archives }: Rest): Partial<Entry> {
  const confirmedBy = source === old.source ? old.confirmedBy : source;
  return {
    source: old.source,
    host: old.host,
    archives: allFiles(old.archives, archives),
    ...(confirmedBy === undefined ? {} : { confirmedBy }),
  };
}

const allFiles = (older: Entry["archives"], newer: Entry["archives"]): Entry["archives"] =>
  older && newer ? { ...older, ...newer } : (newer ?? older);

type Rest = Omit<Entry, keyof Written | "content" | "rows" | "span" | "revisions">;

/** Puts a partition in place and into its manifest; the object is left alone where its rows are the same already. */
async function store(
  lake: Lake,
  step: FetchStep | DeriveStep,
  came: Rows,
  rest: Rest,
  state: State,
  bounds: { readonly first: number | undefined; readonly ended?: number },
): Promise<Outcome> {
  const old = state.entry(step.table, step.series, step.day);
  const same = old !== undefined && old.content === came.content && (await isStored(lake, old));
  const written = same ? old : await writeObject(lake, step.path, came);
  const revised = old !== undefined && !same && !came.extend(old);
  const entry: Entry = {
    object: written.object,
    sha256: written.sha256,
    content: came.content,
    bytes: written.bytes,
    rows: came.rows,
    span: came.span,
    ...rest,
    ...(same && old.rows > 0 ? confirmed(old, rest) : {}),
    revisions: revised && step.action === "fetch" ? [...old.revisions, revisionOf(old)] : (old?.revisions ?? []),
  };
  lake.record(step.table, step.series, step.day, entry, bounds);
  return {
    ...planned(step),
    status: same ? "unchanged" : "done",
    rows: same ? 0 : came.rows,
    bytes: same ? 0 : written.bytes,
    sha256: entry.sha256,
    source: rest.source,
    gaps: entry.gaps,
    revised,
    quarantined: entry.quarantined?.rows ?? 0,
  };
}

/** What manifests are to tell of the series. */
const boundsOf = ({ first, ended, isOpenEnd }: Target) =>
  ended === undefined || isOpenEnd ? { first } : { first, ended };

function revisionOf({ content, sha256: hash, rows, asOf, archives }: Entry): Revision {
  const hashes = Object.entries(archives ?? {}).map(([name, facts]) => [name, facts.sha256] as const);
  return { content, sha256: hash, rows, asOf, ...(archives ? { archives: Object.fromEntries(hashes) } : {}) };
}

/** How rows came: what their entry says of it. */
export interface Provenance {
  /** Of rows that are all from one source, and of a day without any. */
  readonly source: string;
  readonly host: string;
  readonly archives: Entry["archives"];
  readonly disagreements: Entry["disagreements"];
  /** What was refused before, where its evidence cannot be read again. */
  readonly quarantined?: Entry["quarantined"];
}

const hasNote = ({ notes }: Pick<Entry, "notes">, kind: string): boolean => notes.some((note) => note.kind === kind);

/** Stores what was checked for a day, and keeps what was stored before and did not come. @throws DataError, StoreError */
export async function produceChecked(
  lake: Lake,
  target: Target,
  step: FetchStep,
  checked: Checked,
  provenance: Provenance,
  state: State,
): Promise<Outcome> {
  const { table, series, day } = step;
  const old = state.entry(table, series, day);
  // What a refused file may have had was not left out.
  const isWhole = !hasNote(checked, REFUSED_FILE);
  // What was published anew may have come before, while only some of its rows are open still.
  const isNew = (entry: Entry): boolean => state.republished(table, series, day) || hasNote(entry, UNCONFIRMED);
  const all = old
    ? await keepStored(lake, target, step, old, checked, isWhole && (target.force || isNew(old)))
    : checked;
  const kept = await keepUnnamed(lake, step, all, target.first);
  const { batch, gaps, notes } = kept;
  const quarantined = provenance.quarantined ?? (await quarantine(lake, step, kept.refused));
  const source = sourcesOf(batch, provenance.source);
  // Some of the rows may still be those that older files brought.
  const archives = old && batch !== checked.batch ? allFiles(old.archives, provenance.archives) : provenance.archives;
  const made = { ...provenance, source, archives, quarantined };
  const rest: Rest = { gaps, notes, inputs: null, ...made, asOf: target.now };
  return store(lake, step, rowsOf(kept.batch), rest, state, boundsOf(target));
}

/** Stores a day that was refined to the end: new, or the same as what is stored. @throws StoreError */
export async function produceFinished(
  lake: Lake,
  target: Target,
  step: FetchStep,
  day: FinishedDay,
  provenance: Provenance,
  state: State,
): Promise<Outcome> {
  const { gaps, notes, object } = day;
  const came: Rows = {
    ...day,
    parquet() {
      if (!object) throw new Error(`${step.path} was not encoded`);
      return object;
    },
    extend: () => true,
  };
  const quarantined = await quarantine(lake, step, day.refused);
  const rest: Rest = { gaps, notes, quarantined, inputs: null, ...provenance, asOf: target.now };
  const outcome = await store(lake, step, came, rest, state, boundsOf(target));
  if (object) release([object.bytes]);
  return outcome;
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
  const source = series.venue === "synthetic" ? "synthetic" : "rest";
  return produceChecked(lake, target, step, checked, { source, host, archives: null, disagreements: [] }, state);
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
  const old = state.entry(step.table, step.series, day);
  const made = { batch, gaps: candles?.gaps ?? [] };
  const all = old ? await keepDerived(lake, step, old, made) : made;
  const kept = await keepUnnamed(lake, step, all, derivation.first);
  const rest: Rest = {
    gaps: kept.gaps,
    notes: [],
    quarantined: null,
    inputs: inputHashes(derivation, day, state),
    source: "derived",
    host: "",
    archives: null,
    disagreements: [],
    asOf,
  };
  return store(lake, step, rowsOf(kept.batch), rest, state, derivation);
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
