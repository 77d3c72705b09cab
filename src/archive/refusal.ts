import { DataError } from "../core/errors.ts";
import { strangerAmong } from "../market/strangers.ts";
import type { BrokenRow } from "../ports.ts";

/** Characters of a stranger that a message shows. */
const SAMPLE = 200;

/** Bytes that are not what their name says; a sentence that names the file. */
export const refusal = (code: string, message: string, cause?: unknown): DataError =>
  new DataError(code, message, "candlelake status", { cause });

/** Text of a file as a message shows it. */
export const sample = (text: string): string => JSON.stringify(text.slice(0, SAMPLE));

/** Rows that are fine in themselves, under another name than their own. */
export const mislabelled = (where: string, what: string): DataError =>
  refusal("mislabelled", `${where} is not what its name says: ${what}.`);

export const formChanged = (where: string, stranger: string): DataError =>
  refusal("format-changed", `${where} has a form that this version does not know: ${sample(stranger)}.`);

/**
 * Refuses a file of which no row can be read: its form has changed.
 * @param nameless where there is no row, a line whose time cannot be made out
 * @throws DataError `format-changed`
 */
export function refuseUnread(
  good: number,
  broken: readonly BrokenRow[],
  nameless: string | undefined,
  where: string,
): void {
  const stranger = strangerAmong(good, broken, good === 0 ? nameless : undefined);
  if (stranger) throw formChanged(where, stranger.evidence);
}
