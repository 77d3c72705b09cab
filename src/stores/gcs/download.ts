import { addAbortSignal } from "node:stream";
import type { File } from "@google-cloud/storage";
import { REQUEST_TIME } from "./client.ts";

export interface Downloaded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As the service has it of the whole object; undefined where it does not say. */
  readonly crc32c: string | undefined;
}

/** What the client hands on of an answer; its types leave it out. */
interface Response {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** One request for the bytes as they are stored, unchecked. Rejects with the client's error. */
export async function download(file: File, signal: AbortSignal | undefined): Promise<Downloaded> {
  const stream = file.createReadStream({ validation: false, decompress: false });
  let headers: Response["headers"] = {};
  stream.on("response", (response: Response) => {
    headers = response.headers;
  });
  const deadline = AbortSignal.timeout(REQUEST_TIME);
  addAbortSignal(signal ? AbortSignal.any([signal, deadline]) : deadline, stream);
  const pieces: Uint8Array[] = [];
  for await (const piece of stream as AsyncIterable<Uint8Array>) pieces.push(piece);
  return {
    bytes: new Uint8Array(Buffer.concat(pieces)),
    crc32c: /crc32c=(?<sum>[\w+/]+={0,2})/.exec(headers["x-goog-hash"] ?? "")?.groups?.["sum"],
  };
}
