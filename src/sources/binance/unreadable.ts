import { DataError, SourceError } from "../../core/errors.ts";
import { strangerAmong } from "../../market/strangers.ts";
import type { BrokenRow } from "../../ports.ts";
import { refusalOf } from "./refusal.ts";

const HELP = "candlelake status";
/** Characters of a stranger that a message shows. */
const SAMPLE = 200;

const decoder = new TextDecoder();

/**
 * What a body with status 200 is that does not have the form asked for: a page for browsers or JSON that was cut off
 * (both come from boxes between us and the venue, and pass), a refusal in disguise, or another format.
 * @param where host and path
 */
export function unreadable(body: Uint8Array, where: string): SourceError | DataError {
  const text = decoder.decode(body).trim();
  if (text.startsWith("<")) {
    return new SourceError("html-body", `${where} answered with a page for browsers.`, HELP, { retryable: true });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const message = `${where} sent JSON that breaks off after ${body.length} bytes.`;
    return new SourceError("cut-json", message, HELP, { retryable: true });
  }
  return refusalOf(value, where) ?? formatChanged(where, text);
}

/**
 * Refuses what `strangerAmong` finds.
 * @throws DataError `format-changed`, `malformed-row`
 */
export function refuseStrangers(
  good: number,
  broken: readonly BrokenRow[],
  nameless: string | undefined,
  where: string,
): void {
  const stranger = strangerAmong(good, broken, nameless);
  if (stranger?.kind === "format") throw formatChanged(where, stranger.evidence);
  if (!stranger) return;
  throw new DataError(
    "malformed-row",
    `${where} sent a row without a time: ${stranger.evidence.slice(0, SAMPLE)}`,
    HELP,
  );
}

function formatChanged(where: string, stranger: string): DataError {
  const message = `${where} sends a form that this version does not know: ${stranger.slice(0, SAMPLE)}`;
  return new DataError("format-changed", message, HELP);
}
