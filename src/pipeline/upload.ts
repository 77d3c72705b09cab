import { crc32c } from "../core/crc32c.ts";
import { AppError, Interrupted, StoreError, throwIfAborted } from "../core/errors.ts";
import { inOrder } from "../core/in-order.ts";
import { manifestKey } from "../core/layout.ts";
import { type Entry, isBehindEnd } from "../core/manifest.ts";
import { uploadReason } from "../core/plan-uploads.ts";
import type { UploadStep } from "../core/step.ts";
import { type Day, iso, monthOf } from "../core/time.ts";
import { TABLE } from "../market/tables.ts";
import { decode } from "../parquet/decode.ts";
import type { BucketObject } from "../ports/bucket.ts";
import { type BucketLake, contradicts } from "./bucket-lake.ts";
import { falseEntry } from "./false-entry.ts";
import { foreignObject } from "./foreign.ts";
import type { Lake } from "./lake.ts";
import { failed, type Outcome, planned } from "./outcome.ts";
import { sha256 } from "./rows.ts";
import type { LakeState } from "./state.ts";
import { lostObject } from "./stored-rows.ts";
import { keepUnnamed, unnamedRows } from "./unnamed.ts";

/** Objects that are under way at once: enough to hide the network's latency. */
const WIDTH = 16;

/** What a list call then tells of an object: all that a plan asks. */
const metadataOf = (entry: Entry): Record<string, string> => ({
  sha256: entry.sha256 ?? "",
  content: entry.content,
  rows: String(entry.rows),
  from: iso(entry.span?.[0] ?? 0),
  to: iso(entry.span?.[1] ?? 0),
});

interface Sent {
  readonly step: UploadStep;
  readonly entry: Entry;
  /** Bytes that went over the network. */
  readonly bytes: number;
}

/** @throws DataError where an object that no manifest names would be overwritten, and has rows that are nowhere else */
async function refuseLoss(lake: Lake, remote: BucketLake, step: UploadStep, bytes: Uint8Array): Promise<void> {
  const { table, series, day, path } = step;
  if (!remote.unnamed(table, series, day)) return;
  const own = { batch: decode(bytes, TABLE[table], path), gaps: [] };
  const { listed } = lake.told(table, series, monthOf(day));
  if ((await keepUnnamed(lake, step, own, listed)) !== own) throw unnamedRows(remote, table, series, day);
}

/** Puts an entry's object in place, unless the bucket has it already. */
async function send(
  lake: Lake,
  remote: BucketLake,
  step: UploadStep,
  entry: Entry,
  signal?: AbortSignal,
): Promise<Sent> {
  if (entry.object === null) return { step, entry, bytes: 0 };
  const there = remote.object(entry.object);
  const placed = (object: BucketObject, bytes: number): Sent => ({
    step,
    entry: { ...entry, stored: { generation: object.generation, crc32c: object.crc32c } },
    bytes,
  });
  const bytes = await lake.store.read(entry.object);
  const isOwn = bytes !== undefined && sha256(bytes) === entry.sha256;
  // A run that was killed between object and manifest left the very object, as far as can be told.
  const isNamed = there?.metadata["sha256"] === entry.sha256 && there?.bytes === entry.bytes;
  if (isNamed && !contradicts(there, entry) && (!isOwn || there.crc32c === crc32c(bytes))) return placed(there, 0);
  const foreign = foreignObject(remote, entry.object);
  if (foreign) throw foreign;
  const { table, series, day } = step;
  if (!isOwn) throw lostObject(series, day, entry, bytes !== undefined);
  // Once false figures are an object's metadata, nothing tells any more that they are.
  const wrong = falseEntry(table, series, day, entry, bytes);
  if (wrong) throw wrong;
  await refuseLoss(lake, remote, step, bytes);
  const options = { replaces: there?.generation ?? null, metadata: metadataOf(entry) };
  const written = await remote.bucket.write(entry.object, bytes, options, signal);
  remote.note(written);
  return placed(written, bytes.length);
}

/** Rows that were refused go along: a machine that is thrown away must not take the evidence with it. */
async function sendQuarantined(lake: Lake, remote: BucketLake, { quarantined }: Entry, signal?: AbortSignal) {
  if (!quarantined) return;
  const bytes = await lake.store.read(quarantined.object);
  if (!bytes) return;
  const there = await remote.bucket.stat(quarantined.object, signal);
  const metadata = { sha256: sha256(bytes) };
  if (there?.metadata["sha256"] === metadata.sha256) return;
  await remote.bucket.write(quarantined.object, bytes, { replaces: there?.generation ?? null, metadata }, signal);
}

/** What no other object can escape: the bucket as a whole refuses. */
const isHopeless = (error: unknown): boolean =>
  error instanceof StoreError && error.code !== "bucket-conflict" && error.code !== "retention";

/**
 * One table, series and month: its objects, and then its manifest in one write over the one that was read, so that of two
 * machines one wins and the other knows. No entry comes before its object.
 */
async function uploadMonth(
  steps: readonly UploadStep[],
  lake: Lake,
  remote: BucketLake,
  state: LakeState,
  settle: (outcome: Outcome) => void,
  signal?: AbortSignal,
): Promise<void> {
  const [{ table, series, day: first }] = steps as [UploadStep];
  const month = monthOf(first);
  const sent: Sent[] = [];
  const due = steps.filter((step) => {
    if (step.error) settle(failed(step, step.error));
    else if (uploadReason(table, series, step.day, state) === undefined)
      settle({ ...planned(step), status: "unchanged" });
    else return true;
    return false;
  });
  const attempt = async (step: UploadStep, either: AbortSignal): Promise<Sent | AppError> => {
    throwIfAborted(either);
    try {
      const entry = lake.own(table, series, step.day) as Entry;
      const done = await send(lake, remote, step, entry, either);
      await sendQuarantined(lake, remote, entry, either);
      return done;
    } catch (error) {
      if (!(error instanceof AppError) || error instanceof Interrupted || isHopeless(error)) throw error;
      return error;
    }
  };
  let place = 0;
  for await (const one of inOrder(due, WIDTH, attempt, signal)) {
    const step = due[place++] as UploadStep;
    if (one instanceof AppError) settle(failed(step, one));
    else sent.push(one);
  }
  if (sent.length === 0) return;
  const damage = state.bucketDamage(table, series, month);
  if (damage) {
    // What was to come did not, and what the damaged one named nobody would know any more.
    for (const { step } of sent) settle(failed(step, damage));
    return;
  }
  const partitions = new Map<Day, Entry>(remote.manifest(table, series, month)?.partitions);
  for (const { step, entry } of sent) partitions.set(step.day, entry);
  const told = lake.told(table, series, month);
  for (const [day, entry] of partitions) if (isBehindEnd(day, entry, told.ended)) partitions.delete(day);
  try {
    await remote.save({ table, series, month, ...told, partitions }, signal);
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof Interrupted || isHopeless(error)) throw error;
    const uri = remote.bucket.uri(manifestKey(table, series, month));
    const isRace = error.code === "bucket-conflict";
    const lost = isRace
      ? new StoreError("bucket-conflict", `${uri}: another run has written it meanwhile.`, "candlelake upload")
      : error;
    for (const { step } of sent) settle(failed(step, lost));
    return;
  }
  for (const { step, entry, bytes } of sent) {
    settle({ ...planned(step), status: "done", rows: entry.rows, bytes, sha256: entry.sha256 });
  }
}

/**
 * Copies to the bucket what it lacks, a month of a series at a time. Where the bucket as a whole refuses, what is left fails
 * with its reason; what the lake's folder has is safe.
 */
export async function uploadAll(
  steps: readonly UploadStep[],
  lake: Lake,
  state: LakeState,
  settle: (outcome: Outcome) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { remote } = lake;
  if (!remote || steps.length === 0) return;
  const open = new Set(steps);
  const tell = (outcome: Outcome) => {
    open.delete(outcome.step as UploadStep);
    settle(outcome);
  };
  try {
    for (const group of Map.groupBy(steps, (step) => manifestKey(step.table, step.series, monthOf(step.day))).values())
      await uploadMonth(group, lake, remote, state, tell, signal);
  } catch (error) {
    if (!(error instanceof AppError) || !isHopeless(error)) throw error;
    for (const step of open) tell(failed(step, error));
  } finally {
    await remote.keepCache();
  }
}
