import { invalid } from "../refusal.ts";

/** A part of a `multipart/related` body. */
export interface Part {
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
}

const BREAK = Buffer.from("\r\n\r\n");

/**
 * Takes a `multipart/related` body apart (RFC 2387), byte for byte.
 * @throws GoogleRefusal where it does not end as it has to
 */
export function partsOf(body: Uint8Array, contentType: string | undefined): readonly Part[] {
  const [, quoted, single, bare] = /boundary=(?:"([^"]+)"|'([^']+)'|([^\s;]+))/.exec(contentType ?? "") ?? [];
  // Google's Python client puts the name in single quotes, which are no quotes in RFC 2045, and Google takes it.
  const name = quoted ?? single ?? bare;
  if (name === undefined) throw invalid("Missing multipart boundary in the Content-Type header.");
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts: Part[] = [];
  let at = bytes.indexOf(`--${name}`);
  while (at >= 0) {
    const from = at + name.length + 2;
    if (bytes.toString("latin1", from, from + 2) === "--") return parts;
    const next = bytes.indexOf(`\r\n--${name}`, from);
    if (next < 0) break;
    parts.push(partOf(bytes.subarray(from, next)));
    at = next + 2;
  }
  throw invalid("Malformed multipart body.");
}

/** From the end of the boundary on. */
function partOf(part: Buffer): Part {
  const end = part.indexOf(BREAK);
  if (end < 0) throw invalid("Malformed multipart body.");
  const headers = part.toString("latin1", 0, end);
  return {
    contentType: /^content-type:\s*(.+?)\s*$/im.exec(headers)?.[1],
    bytes: part.subarray(end + BREAK.length),
  };
}
