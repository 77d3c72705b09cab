import { DataError, SourceError } from "../../core/errors.ts";
import { refusalOf } from "./refusal.ts";

const decoder = new TextDecoder();

/**
 * What a body with status 200 is that does not have the form asked for: a page for browsers or JSON that was cut off
 * (both come from boxes between us and the venue, and pass), a refusal in disguise, or another format.
 * @param where host and path
 */
export function unreadable(body: Uint8Array, where: string): SourceError | DataError {
  const text = decoder.decode(body).trim();
  const help = "candlelake status";
  if (text.startsWith("<")) {
    return new SourceError("html-body", `${where} answered with a page for browsers.`, help, { retryable: true });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new SourceError("cut-json", `${where} sent JSON that breaks off after ${body.length} bytes.`, help, {
      retryable: true,
    });
  }
  return (
    refusalOf(value, where) ??
    new DataError(
      "format-changed",
      `${where} sends a form that this version does not know: ${text.slice(0, 200)}`,
      help,
    )
  );
}
