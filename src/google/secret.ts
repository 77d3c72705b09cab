/** What must never be read in a message: tokens, keys, signatures of addresses, upload sessions. */
const SECRETS: readonly (readonly [secret: RegExp, instead: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "…"],
  [
    /((?:private_key(?:_id)?|refresh_token|access_token|client_secret|id_token|subject_token|assertion)["']?\s*[:=]\s*)(?:"[^"]*"?|'[^']*'?|[^\s,&}]+)/gi,
    "$1…",
  ],
  [
    /([?&](?:X-Goog-(?:Signature|Credential|Security-Token)|Signature|GoogleAccessId|upload_id|key|token)=)[^&\s"']+/gi,
    "$1…",
  ],
  [/\b(Authorization["']?\s*[:=]\s*["']?)(?:(?:Bearer|Basic)\s+)?[^\s"',}]+/gi, "$1…"],
  [/\b(Bearer)\s+[\w.~+/=-]{8,}/gi, "$1 …"],
  // Access and refresh tokens, API keys, client secrets and signed tokens, wherever they stand.
  [/\bya29\.[\w.-]+/g, "…"],
  [/\b1\/\/[\w-]{20,}/g, "…"],
  [/\bAIza[\w-]{30,}/g, "…"],
  [/\bGOCSPX-[\w-]+/g, "…"],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, "…"],
];

/** A text of another program's, without its secrets. */
export const redact = (text: string): string =>
  SECRETS.reduce((clean, [secret, instead]) => clean.replace(secret, instead), text);

const MOST_CAUSES = 4;

/**
 * An error as it may be printed: name, code, message, stack and causes without secrets. The clients' own carry the
 * request, its headers and the token in them.
 */
export function harmless(error: unknown, depth = 0): Error {
  if (!(error instanceof Error)) return new Error(redact(String(error)));
  const cause = error.cause === undefined || depth >= MOST_CAUSES ? undefined : harmless(error.cause, depth + 1);
  const copy = new Error(redact(error.message), cause && { cause });
  copy.name = error.name;
  if (error.stack !== undefined) copy.stack = redact(error.stack);
  return "code" in error && /^[\w-]+$/.test(String(error.code)) ? Object.assign(copy, { code: error.code }) : copy;
}
