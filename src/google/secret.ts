/** What must never be read in a message: tokens, keys, signatures of addresses. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\bya29\.[\w.-]+/g, "…"],
  [/\bBearer\s+[\w.~+/=-]+/gi, "Bearer …"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "…"],
  [
    /("?(?:private_key|refresh_token|access_token|client_secret|id_token|assertion)"?\s*[:=]\s*)("[^"]*"|[^\s,&}]+)/gi,
    "$1…",
  ],
  [/([?&](?:X-Goog-Signature|X-Goog-Credential|Signature|upload_id|access_token|key)=)[^&\s"]+/gi, "$1…"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, "…"],
];

/** A text of another program's, without its secrets. */
export const redact = (text: string): string =>
  SECRETS.reduce((clean, [secret, instead]) => clean.replace(secret, instead), text);
