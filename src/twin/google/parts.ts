import { invalid } from "./refusal.ts";

/** A part of a `multipart/related` body. */
export interface Part {
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
}

/**
 * Takes a `multipart/related` body apart (RFC 2387), byte for byte. Google's Python clients end lines with a line feed
 * alone and put the boundary's name in single quotes, and Google takes it: which kind a body is, its first line tells.
 * @throws GoogleRefusal where it does not end as it has to
 */
export function partsOf(body: Uint8Array, contentType: string | undefined): readonly Part[] {
  const [, quoted, single, bare] = /boundary=(?:"([^"]+)"|'([^']+)'|([^\s;]+))/.exec(contentType ?? "") ?? [];
  const name = quoted ?? single ?? bare;
  if (name === undefined) throw invalid("Missing multipart boundary in the Content-Type header.");
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const boundary = `--${name}`;
  const parts: Part[] = [];
  const first = bytes.indexOf(boundary);
  const line = bytes[first + boundary.length] === 0x0a ? "\n" : "\r\n";
  for (let at = first; at >= 0; ) {
    const from = at + boundary.length;
    if (bytes.toString("latin1", from, from + 2) === "--") return parts;
    const next = bytes.indexOf(line + boundary, from);
    if (next < 0) break;
    parts.push(partOf(bytes.subarray(from, next), line));
    at = next + line.length;
  }
  throw invalid("Malformed multipart body.");
}

/** @param part from the end of the boundary on */
function partOf(part: Buffer, line: string): Part {
  const end = part.indexOf(line + line);
  if (end < 0) throw invalid("Malformed multipart body.");
  const headers = part.toString("latin1", 0, end);
  return {
    contentType: /^content-type:\s*(.+?)\s*$/im.exec(headers)?.[1],
    bytes: part.subarray(end + 2 * line.length),
  };
}
