import { randomUUID } from "node:crypto";
import type { GoogleAnswer, GoogleCall } from "../call.ts";
import { invalid, notFound } from "./failure.ts";
import { type Json, objectOf } from "./json.ts";

/** A job that came with its data. */
export interface Upload {
  readonly project: string;
  readonly body: Json;
  readonly data: Uint8Array;
}

interface Session {
  readonly project: string;
  readonly body: Json;
  readonly parts: Uint8Array[];
  received: number;
}

const PATH = /^\/(?:resumable\/)?upload\/(?:bigquery\/v2\/)?projects\/([^/]+)\/jobs$/;

export const isUpload = (path: string): boolean => PATH.test(path);

/** Takes in the data of load jobs: in one piece with the job, or in pieces of a session. */
export class Uploads {
  readonly #sessions = new Map<string, Session>();

  /** @returns the upload once it is whole, or what to answer before @throws Failure */
  receive(call: GoogleCall): Upload | GoogleAnswer {
    const project = decodeURIComponent(PATH.exec(call.path)?.[1] ?? "");
    const id = call.query.get("upload_id");
    if (call.method === "PUT" && id !== null) return this.#continue(id, call);
    const type = call.query.get("uploadType");
    if (type === "multipart") return { project, ...multipart(call) };
    if (type !== "resumable") throw invalid(`Invalid value for uploadType: ${type}`);
    const fresh = randomUUID();
    this.#sessions.set(fresh, { project, body: jsonOf(call.body), parts: [], received: 0 });
    const location = `${call.origin}${call.path}?uploadType=resumable&upload_id=${fresh}`;
    return bare(200, { location, "x-guploader-uploadid": fresh });
  }

  #continue(id: string, { headers, body }: GoogleCall): Upload | GoogleAnswer {
    const session = this.#sessions.get(id);
    if (session === undefined) throw notFound(`Upload ${id}`);
    const range = headers["content-range"] ?? `bytes 0-${body.byteLength - 1}/${body.byteLength}`;
    const [, from, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(range) ?? [];
    if (total === undefined) throw invalid(`Invalid Content-Range: ${range}`);
    // What came before is sent again after a lost answer.
    if (from !== undefined && Number(from) <= session.received) {
      const news = body.subarray(session.received - Number(from));
      session.parts.push(news);
      session.received += news.byteLength;
    }
    if (total === "*" || session.received < Number(total)) {
      return bare(308, session.received > 0 ? { range: `bytes=0-${session.received - 1}` } : {});
    }
    this.#sessions.delete(id);
    return { project: session.project, body: session.body, data: Buffer.concat(session.parts) };
  }
}

const bare = (status: number, headers: Readonly<Record<string, string>>): GoogleAnswer => ({
  status,
  headers,
  body: new Uint8Array(),
});

function jsonOf(bytes: Uint8Array): Json {
  try {
    return objectOf(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    throw invalid("Invalid JSON payload received.");
  }
}

/** The job's JSON and the data behind it, as `multipart/related` carries them. */
function multipart({ headers, body }: GoogleCall): { readonly body: Json; readonly data: Uint8Array } {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(headers["content-type"] ?? "");
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) throw invalid("A multipart upload names its boundary.");
  const bytes = Buffer.from(body);
  const parts: Buffer[] = [];
  let at = bytes.indexOf(`--${mark}`);
  for (;;) {
    const start = bytes.indexOf("\r\n\r\n", at);
    const end = bytes.indexOf(`\r\n--${mark}`, start < 0 ? bytes.length : start);
    if (at < 0 || start < 0 || end < 0) break;
    parts.push(bytes.subarray(start + 4, Math.max(start + 4, end)));
    at = end + 2;
  }
  const [job, data] = parts;
  if (job === undefined || data === undefined) throw invalid("A multipart upload has two parts.");
  return { body: jsonOf(job), data };
}
