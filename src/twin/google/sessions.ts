import { randomUUID } from "node:crypto";
import type { GoogleAnswer, GoogleCall } from "./call.ts";
import { GoogleRefusal, invalid } from "./refusal.ts";

/** Bytes: pieces of an upload are kept in multiples of it. */
const QUANTUM = 256 * 1024;

/** An upload in pieces. Nobody sees anything of it before its end. */
export interface Session {
  readonly id: string;
  /** The request that began it. */
  readonly begun: GoogleCall;
  readonly pieces: Uint8Array[];
  received: number;
  /** Bytes of the whole object, once a request has said so. */
  total: number | undefined;
  /** What the last piece was answered, and every request after it is. */
  ended: GoogleAnswer | undefined;
}

/** Where a piece lies. */
interface Place {
  /** undefined where nothing is sent, and only the progress asked for. */
  readonly from: number | undefined;
  /** Exclusive; undefined where it goes on to wherever the body ends. */
  readonly to: number | undefined;
  /** Bytes of the whole object; undefined where they are not known yet. */
  readonly total: number | undefined;
}

const RANGE = /^bytes (?:(?<from>\d+)-(?<last>\d+|\*)|\*)\/(?<total>\d+|\*)$/;

export class Sessions {
  readonly #sessions = new Map<string, Session>();

  begin(begun: GoogleCall): Session {
    const promised = begun.headers["x-upload-content-length"];
    const total = promised === undefined ? undefined : Number(promised);
    const session: Session = { id: randomUUID(), begun, pieces: [], received: 0, total, ended: undefined };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** @throws GoogleRefusal 404 */
  find(id: string): Session {
    const session = this.#sessions.get(id);
    if (!session) throw new GoogleRefusal(404, "notFound", "Not Found");
    return session;
  }
}

/**
 * Takes a piece in.
 * @returns the whole body once it is there; before that undefined
 * @throws GoogleRefusal where the piece does not fit
 */
export function receive(session: Session, { headers, body }: GoogleCall): Uint8Array | undefined {
  const place = placeIn(headers["content-range"], body.byteLength);
  const total = totalOf(session, place);
  if (place.from !== undefined) keep(session, place.from, body, place.to === undefined || place.to === total);
  // Without a place for its end a piece is the last one.
  const streamed = place.from !== undefined && place.to === undefined;
  if (streamed && total !== undefined && session.received !== total)
    throw invalid(`Invalid request. The object has ${session.received} byte(s) where ${total} were promised.`);
  if (!streamed && session.received !== total) return undefined;
  return Buffer.concat(session.pieces);
}

/** @throws GoogleRefusal where it is another than was said before, or the piece goes beyond it */
function totalOf(session: Session, { from, to, total }: Place): number | undefined {
  if (total !== undefined && total !== (session.total ?? total))
    throw invalid(`Invalid request. The object was to have ${session.total} byte(s), and now ${total}.`);
  const known = total ?? session.total;
  if (from !== undefined && to !== undefined && known !== undefined && to > known)
    throw invalid(`Invalid request. Content-Range ends at byte ${to - 1} of an object of ${known} byte(s).`);
  session.total = known;
  return known;
}

/** The address that pieces go to. @param query beside what every session has */
export const begun = ({ id }: Session, { origin, path }: GoogleCall, query = ""): GoogleAnswer => ({
  status: 200,
  headers: { location: `${origin}${path}?uploadType=resumable&${query}upload_id=${id}`, "x-guploader-uploadid": id },
  body: new Uint8Array(),
});

/** How far an upload came: 308, without a range where nothing is there. */
export const progress = ({ received, id }: Session): GoogleAnswer => ({
  status: 308,
  headers: { "x-guploader-uploadid": id, ...(received > 0 ? { range: `bytes=0-${received - 1}` } : {}) },
  body: new Uint8Array(),
});

function placeIn(header: string | undefined, length: number): Place {
  if (header === undefined) return { from: 0, to: length, total: length };
  const groups = RANGE.exec(header)?.groups;
  if (!groups) throw invalid(`Failed to parse Content-Range header: ${header}`);
  const { from, last, total } = groups;
  const place = {
    from: from === undefined ? undefined : Number(from),
    to: last === undefined || last === "*" ? undefined : Number(last) + 1,
    total: total === undefined || total === "*" ? undefined : Number(total),
  };
  if (place.from !== undefined && place.to !== undefined && place.to - place.from !== length)
    throw invalid(`Invalid request. Content-Range says ${header}, and the body has ${length} byte(s).`);
  return place;
}

function keep(session: Session, from: number, body: Uint8Array, last: boolean): void {
  if (from > session.received) {
    const message = `Invalid request. According to the Content-Range header, the upload offset is ${from} byte(s), which exceeds already uploaded size of ${session.received} byte(s).`;
    throw new GoogleRefusal(503, "backendError", message);
  }
  if (!last && body.byteLength < QUANTUM) {
    throw invalid(
      `Invalid request. The number of bytes uploaded is required to be equal or greater than ${QUANTUM}, except for the final request (it's recommended to be the exact multiple of ${QUANTUM}). The received request contained ${body.byteLength} bytes, which does not meet this requirement.`,
    );
  }
  const end = from + body.byteLength;
  const kept = last ? end : end - (end % QUANTUM);
  // What came before is sent again after a lost answer.
  if (kept <= session.received) return;
  session.pieces.push(Buffer.from(body.subarray(session.received - from, kept - from)));
  session.received = kept;
}
