import { isKnownWrong } from "./archive-calendar.ts";
import type { AppError } from "./errors.ts";
import type { Derivation, Goal, InputKey, Target } from "./goal.ts";
import { lateFile } from "./late-file.ts";
import { objectKey } from "./layout.ts";
import { type Entry, REFUSED_FILE, UNCONFIRMED, unaskedGaps } from "./manifest.ts";
import { hasRows, inputDays, isDue, lookingDays } from "./partition.ts";
import { planLoads } from "./plan-loads.ts";
import { planUploads } from "./plan-uploads.ts";
import { isPastRest } from "./rest-kept.ts";
import { type Routed, routeOf } from "./route.ts";
import type { State } from "./state.ts";
import type { DeriveStep, FetchStep, Step } from "./step.ts";
import { type Day, dayOf, daysOf, monthOf, type TimeRange, timeOfDay } from "./time.ts";

export const inputName = (input: InputKey): string =>
  `${input.table}/${input.series.step ? `${input.series.step}/` : ""}${input.day}`;

/** The reason of a step that only fills what an archive left open. */
const UNASKED = "a gap was not asked for";

/** The reason of a step that asks REST for rows that its files lack by now. */
const OPEN_ROWS = "REST was not asked for rows that its file lacks";

/** The reason of a step whose entry says that the day is empty. */
const UNNAMED = "the bucket has rows of it that no manifest names";

const UNCOMPARED = "a file of it was not compared";

const FILLING: Routed = { route: "rest", why: "the archive has no more of it, and REST was not asked" };

const hasRest = ({ restError, ended }: Target): boolean => restError === undefined && ended === undefined;

function fetchReason(target: Target, day: Day, state: State): string | undefined {
  const { series, now, first } = target;
  const entry = state.entry(target.table, series, day);
  if (!entry) return "missing";
  if (!state.intact(entry)) return "object missing or changed";
  if (state.unnamed(target.table, series, day)) return UNNAMED;
  if (target.force) return "forced";
  if (isDue(series, day, entry.asOf, now, first)) return "more has closed since it was read";
  if (target.misdated !== undefined && day === dayOf(target.misdated))
    return "the series begins earlier than was known";
  if (state.republished(target.table, series, day)) return "republished";
  if (state.arrived(target.table, series, day)) return "a file that it lacked is there";
  if (target.choice !== "rest" && entry.notes.some(({ kind }) => kind === REFUSED_FILE)) return "a file was refused";
  if (target.choice === "auto" && entry.notes.some(({ kind }) => kind === UNCONFIRMED)) return OPEN_ROWS;
  const isWrong = [entry.source, entry.confirmedBy ?? entry.source].every((source) =>
    isKnownWrong(series, day, source),
  );
  const isRest = target.choice === "auto" && hasRest(target);
  if (isRest && isWrong) return "its file is known to be wrong";
  const late = target.choice === "rest" ? undefined : lateFile(series, day, entry, now, isRest);
  if (late) return `${late} may only have been late`;
  const isOpen = target.choice !== "archive" && unaskedGaps(entry).length > 0;
  return isOpen ? UNASKED : undefined;
}

/** By force a damaged manifest is set aside and made anew; one that a newer program wrote is not damaged. */
const unforced = (damage: AppError | undefined): AppError | undefined =>
  damage?.code === "newer-format" ? damage : undefined;

function planFetches(target: Target, state: State): FetchStep[] {
  const steps: FetchStep[] = [];
  const gapsOf = (day: Day) => state.entry(target.table, target.series, day)?.gaps ?? [];
  for (const day of daysOf(target.range)) {
    if (!hasRows(target.series, day, target.now, target.first)) continue;
    const { table, series, now, choice } = target;
    const due = fetchReason(target, day, state);
    const uncompared = due === undefined ? state.uncompared(table, series, day) : undefined;
    const reason = due ?? (uncompared && UNCOMPARED);
    if (reason === undefined) continue;
    const damage = state.damage(table, series, monthOf(day));
    const fills = reason === UNASKED;
    const { route, why } = fills ? FILLING : routeOf(series, day, now, choice);
    const isFiled = route !== "rest" && timeOfDay(day) < (target.filed ?? Number.POSITIVE_INFINITY);
    const isOpen = fills || reason === OPEN_ROWS;
    // A gap is settled without REST where that knows the series no longer, or has the day no longer.
    const isRestless = isOpen ? target.ended !== undefined || isPastRest(target, day, gapsOf(day)) : isFiled;
    const unread = target.error ?? (isRestless ? undefined : target.restError);
    const error = uncompared ?? unread ?? (target.force ? unforced(damage) : damage);
    const path = objectKey(table, series, day);
    const step: FetchStep = { action: "fetch", table, series, day, reason, path, route, because: why };
    const kept = { ...(fills ? { fills } : {}), ...(uncompared ? { stands: true as const } : {}) };
    steps.push({ ...step, ...kept, ...(error ? { error } : {}) });
  }
  return steps;
}

/** Every partition that a derived one is made of: the candles of its day, and the look-ups' days around their closes. */
export function inputsOf(derivation: Derivation, day: Day): InputKey[] {
  const inputs: InputKey[] = [{ ...derivation.candles, day }];
  for (const { table, series, lookBack } of derivation.lookUps) {
    const days = daysOf(inputDays(derivation.series, day, lookBack, derivation.first));
    inputs.push(...days.map((inputDay) => ({ table, series, day: inputDay })));
  }
  return inputs;
}

/** The content hashes that a derived partition made now would name. */
export function inputHashes(derivation: Derivation, day: Day, state: State): Record<string, string> {
  // No two partitions have the same names: with a prototype each would cost a hidden class of its own.
  const hashes: Record<string, string> = Object.create(null);
  for (const input of inputsOf(derivation, day)) {
    const entry = state.entry(input.table, input.series, input.day);
    hashes[inputName(input)] = entry && entry.rows > 0 ? entry.content : "";
  }
  return hashes;
}

function sameInputs(a: Readonly<Record<string, string>> | null, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(b);
  return a !== null && names.length === Object.keys(a).length && names.every((name) => a[name] === b[name]);
}

/** Why the partition must be derived, judged by what the lake has now; undefined where it is up to date. */
export function deriveReason(derivation: Derivation, day: Day, state: State): string | undefined {
  const { table, series } = derivation;
  const candles = state.entry(derivation.candles.table, derivation.candles.series, day);
  if (!candles || (candles.rows === 0 && !state.unnamed(table, series, day))) return undefined;
  const entry = state.entry(table, series, day);
  if (!entry) return "missing";
  if (!state.intact(entry)) return "object missing or changed";
  if (state.unnamed(table, series, day)) return UNNAMED;
  if (derivation.force) return "forced";
  return sameInputs(entry.inputs, inputHashes(derivation, day, state)) ? undefined : "an input changed";
}

/**
 * The days that a derivation looks through: its own, and others that are there already and look at days of its range.
 * Without those the order in which days are asked for would matter.
 */
export function lookedThrough(derivation: Derivation): TimeRange {
  const lookBack = Math.max(0, ...derivation.lookUps.map((lookUp) => lookUp.lookBack));
  return lookingDays(derivation.series, derivation.range, lookBack);
}

const within = (range: TimeRange, day: Day): boolean => timeOfDay(day) >= range.from && timeOfDay(day) < range.to;

/** Why a derived day cannot be made: its own manifest is damaged, or that of an input that is not fetched anew. */
function deriveDamage(
  derivation: Derivation,
  day: Day,
  state: State,
  fetches: ReadonlySet<string>,
): AppError | undefined {
  const own = state.damage(derivation.table, derivation.series, monthOf(day));
  const standing = derivation.force ? unforced(own) : own;
  if (standing) return standing;
  for (const input of inputsOf(derivation, day)) {
    const damage =
      state.damage(input.table, input.series, monthOf(input.day)) ??
      state.unnamed(input.table, input.series, input.day);
    if (damage && !fetches.has(objectKey(input.table, input.series, input.day))) return damage;
  }
  return undefined;
}

/** Whether a stored day was made of what the derivation looks at: of this period of open interest, not of another. */
const isMadeSo = (derivation: Derivation, day: Day, entry: Entry): boolean =>
  Object.keys(entry.inputs ?? {})
    .sort()
    .join() === inputsOf(derivation, day).map(inputName).sort().join();

function planDerivations(derivation: Derivation, state: State, fetches: ReadonlySet<string>): DeriveStep[] {
  const steps: DeriveStep[] = [];
  const { table, series, range, first, now } = derivation;
  for (const day of daysOf(lookedThrough(derivation))) {
    if (!hasRows(series, day, now, first)) continue;
    const own = within(range, day);
    const entry = state.entry(table, series, day);
    if (!own && !entry) continue;
    if (derivation.follows && !(entry && isMadeSo(derivation, day, entry))) continue;
    const changing = inputsOf(derivation, day).some((input) =>
      fetches.has(objectKey(input.table, input.series, input.day)),
    );
    const asked = own ? derivation : { ...derivation, force: false };
    const reason = deriveReason(asked, day, state) ?? (changing ? "an input is fetched" : undefined);
    if (reason === undefined) continue;
    const error = deriveDamage(asked, day, state, fetches);
    const path = objectKey(table, series, day);
    steps.push({ action: "derive", table, series, day, reason, path, derivation: asked, ...(error ? { error } : {}) });
  }
  return steps;
}

/** Each day once, of those that are not to be made anyway. */
function unplanned(steps: readonly DeriveStep[], planned: readonly DeriveStep[]): DeriveStep[] {
  const paths = new Set(planned.map(({ path }) => path));
  return steps.filter(({ path }) => !paths.has(path) && paths.add(path));
}

/**
 * The steps that would make lake and warehouse match the goal, each with its reason. Pure: the same goal and state give
 * the same steps, and what is fetched from where depends on the partition and the venue's clock alone.
 */
export function plan(goal: Goal, state: State): Step[] {
  const fetches = goal.targets.flatMap((target) => planFetches(target, state));
  const changing = fetches.filter(({ stands }) => !stands);
  const paths = new Set(changing.map((step) => step.path));
  const [own, followers] = [false, true].map((follows) =>
    goal.derivations
      .filter((derivation) => (derivation.follows ?? false) === follows)
      .flatMap((derivation) => planDerivations(derivation, state, paths)),
  ) as [DeriveStep[], DeriveStep[]];
  const derives = own.concat(unplanned(followers, own));
  const changes = [...changing, ...derives];
  return [...fetches, ...derives, ...planUploads(goal, state, changes), ...planLoads(goal, state, changes)];
}
