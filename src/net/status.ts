import { SourceError } from "../core/errors.ts";
import { DAY, iso, MINUTE, SECOND } from "../core/time.ts";
import { PATIENCE } from "./host-gate.ts";
import { type Answer, bodyText, serverDate } from "./transport.ts";

/** What is there already, while a host is left alone. */
const STATUS = "candlelake status";
/** Which endpoints are asked, and where that was set. */
const CONFIG = "candlelake config";
const HELP = "candlelake ingest --help";

/** Statuses by which a host stops everything that comes from this address, or from this place. */
export const STOPPING: ReadonlySet<number> = new Set([403, 418, 429, 451]);

/** The shortest ban that the venue documents; for a 418 that names no time. */
const SHORTEST_BAN = 2 * MINUTE;
/** Milliseconds; no host means longer, and a date can still be made of it. */
const LONGEST = 366 * DAY;
/** A firewall's block names no time; asking on makes it longer. */
const FIREWALL_BLOCK = 5 * MINUTE;

/** "IP banned until 1660090423228", in the message of a 418. */
const BANNED_UNTIL = /\buntil (\d{13})\b/;

export interface Stop {
  /** Milliseconds, the machine's clock; infinite for the rest of the run. */
  readonly until: number;
  readonly reason: SourceError;
}

/** Milliseconds; undefined where the header is missing or is neither seconds nor a date. */
export function retryAfter(answer: Answer, now: number): number | undefined {
  const text = answer.headers["retry-after"]?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(LONGEST, Number(text) * SECOND);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.min(LONGEST, Math.max(0, date - (serverDate(answer) ?? now)));
}

function namedPause(answer: Answer, now: number): number {
  const header = retryAfter(answer, now);
  if (header !== undefined) return header;
  const venueNow = serverDate(answer) ?? now;
  const epoch = Number(BANNED_UNTIL.exec(bodyText(answer))?.[1]);
  if (epoch > venueNow) return epoch - venueNow;
  return answer.status === 418 ? SHORTEST_BAN : MINUTE - (venueNow % MINUTE);
}

/**
 * What a stopping answer means for its host.
 * Statuses and fallbacks: the venue's REST documents (limits by address, 429 and 418); 451 and 403 as observed.
 */
export function stopOf(answer: Answer, host: string, where: string, now: number): Stop {
  if (answer.status === 451) {
    const message =
      `${host} refuses this location (451, a geo-block; asked for ${where}). Nothing more is asked of it in this run, ` +
      "and no other venue is taken in its place: its prices would be another market's.";
    return { until: Number.POSITIVE_INFINITY, reason: new SourceError("geo-blocked", message, CONFIG) };
  }
  const pause = answer.status === 403 ? FIREWALL_BLOCK : namedPause(answer, now);
  const until = now + pause;
  const options = { retryable: pause <= PATIENCE && answer.status !== 403, retryAfter: pause };
  const refuse = (code: string, message: string): Stop => ({
    until,
    reason: new SourceError(code, message, STATUS, options),
  });
  if (answer.status === 403) {
    return refuse(
      "forbidden",
      `${where} was refused by the host's firewall (403); ${host} is left alone until ${iso(until)}.`,
    );
  }
  if (answer.status === 418) {
    return refuse("banned", `${host} banned this address until ${iso(until)} (418; asked for ${where}).`);
  }
  return refuse("rate-limited", `${host} wants a pause until ${iso(until)} (429; asked for ${where}).`);
}

/** The error of any other status that is not a success. */
export function statusError(answer: Answer, where: string, now: number): SourceError {
  const { status } = answer;
  if (status === 404) return new SourceError("not-found", `${where} does not exist (404).`, CONFIG);
  if (status === 408 || status >= 500) {
    const pause = retryAfter(answer, now);
    return new SourceError("server-error", `${where} failed (${status}).`, STATUS, {
      retryable: true,
      retryAfter: pause,
    });
  }
  return new SourceError("bad-request", `${where} was refused (${status}).`, HELP);
}
