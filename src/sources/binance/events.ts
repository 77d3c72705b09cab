import type { BrokenRow } from "../../ports.ts";
import { refuseStrangers, unreadable } from "./unreadable.ts";

/** A member of an event's object: decimal text, or, where it is optional, also nothing or the empty string (NULL). */
export interface Field {
  readonly name: string;
  readonly optional?: true;
}

export interface Event {
  /** Milliseconds. */
  readonly time: number;
  /** By field. */
  readonly values: readonly (number | null)[];
  readonly evidence: string;
}

export interface Events {
  /** In the order in which they came. */
  readonly events: readonly Event[];
  readonly broken: readonly BrokenRow[];
}

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Milliseconds; a number, or (as the venue once documented it) a number as text. */
function timeOf(value: unknown): number | undefined {
  const time = typeof value === "string" && /^\d{12,15}$/.test(value) ? Number(value) : value;
  return typeof time === "number" && Number.isSafeInteger(time) && time >= 0 ? time : undefined;
}

/** undefined where the member is not what it should be. */
function decimalOf(value: unknown, optional: boolean): number | null | undefined {
  if (optional && (value === undefined || value === null || value === "")) return null;
  return typeof value === "string" && DECIMAL.test(value) ? Number(value) : undefined;
}

/**
 * Decodes a JSON array of objects, each with a time and some decimal texts; members that are not named are ignored.
 * For small answers only.
 * @param where host, path and subject, for messages
 * @throws SourceError `cut-json`, `html-body` (both retryable), `bad-request`; DataError `malformed-row`, `format-changed`
 */
export function decodeEvents(body: Uint8Array, where: string, timeField: string, fields: readonly Field[]): Events {
  let rows: unknown;
  try {
    rows = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw unreadable(body, where);
  }
  if (!Array.isArray(rows)) throw unreadable(body, where);
  const events: Event[] = [];
  const broken: BrokenRow[] = [];
  let nameless: string | undefined;
  for (const row of rows as readonly unknown[]) {
    const evidence = JSON.stringify(row);
    const members = new Map(typeof row === "object" && row !== null ? Object.entries(row) : []);
    const time = timeOf(members.get(timeField));
    if (time === undefined) {
      nameless ??= evidence;
      continue;
    }
    const values = fields.map((field) => decimalOf(members.get(field.name), field.optional ?? false));
    if (values.every((value) => value !== undefined)) events.push({ time, values, evidence });
    else broken.push({ time, reason: fields.every(({ name }) => members.has(name)) ? "type" : "shape", evidence });
  }
  refuseStrangers(events.length, broken, nameless, where);
  return { events, broken };
}
