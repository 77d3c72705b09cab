import type { GoogleAnswer, GoogleCall } from "../call.ts";
import { partsOf } from "../parts.ts";
import { begun, progress, receive, Sessions } from "../sessions.ts";
import { invalid } from "./failure.ts";
import { type Json, objectOf } from "./json.ts";

/** A job that came with its data. */
export interface Upload {
  readonly project: string;
  readonly body: Json;
  readonly data: Uint8Array;
}

const PATH = /^\/(?:resumable\/)?upload\/(?:bigquery\/v2\/)?projects\/([^/]+)\/jobs$/;

export const isUpload = (path: string): boolean => PATH.test(path);

/** Takes in the data of load jobs: in one piece with the job, or in pieces of a session. */
export class Uploads {
  readonly #sessions = new Sessions();

  /** @param insert makes the job of an upload that is whole @throws Failure, GoogleRefusal */
  async receive(call: GoogleCall, insert: (upload: Upload) => Promise<GoogleAnswer>): Promise<GoogleAnswer> {
    const project = decodeURIComponent(PATH.exec(call.path)?.[1] ?? "");
    const id = call.query.get("upload_id");
    if (call.method === "PUT" && id !== null) {
      const session = this.#sessions.find(id);
      if (session.ended) return session.ended;
      const data = receive(session, call);
      if (!data) return progress(session);
      session.ended = await insert({ project, body: jsonOf(session.begun.body), data });
      return session.ended;
    }
    switch (call.query.get("uploadType")) {
      case "multipart": {
        const [job, data] = partsOf(call.body, call.headers["content-type"]);
        if (!job || !data) throw invalid("A multipart upload has two parts.");
        return insert({ project, body: jsonOf(job.bytes), data: data.bytes });
      }
      case "resumable":
        jsonOf(call.body);
        return begun(this.#sessions.begin(call), call);
      default:
        throw invalid("Invalid uploadType: multipart and resumable are known.");
    }
  }
}

function jsonOf(bytes: Uint8Array): Json {
  try {
    return objectOf(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    throw invalid("Invalid JSON payload received.");
  }
}
