import type { File } from "@google-cloud/storage";
import { SECOND } from "../../core/time.ts";

/**
 * Milliseconds without a byte after which nothing more is waited for. The client does not notice that a connection broke
 * in the middle of an answer whose length was told, and would wait for ever.
 */
export const SILENCE = 15 * SECOND;

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
export async function download(file: File, silence: number, signal: AbortSignal | undefined): Promise<Downloaded> {
  const stream = file.createReadStream({ validation: false, decompress: false });
  let headers: Response["headers"] = {};
  stream.on("response", (response: Response) => {
    headers = response.headers;
  });
  const stop = () => stream.destroy(Object.assign(new Error("the download stands still"), { code: "ETIMEDOUT" }));
  const watch = setTimeout(stop, silence);
  signal?.addEventListener("abort", stop, { once: true });
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      watch.refresh();
    }
  } finally {
    clearTimeout(watch);
    signal?.removeEventListener("abort", stop);
  }
  return {
    bytes: new Uint8Array(Buffer.concat(pieces)),
    crc32c: /crc32c=(?<sum>[\w+/]+={0,2})/.exec(headers["x-goog-hash"] ?? "")?.groups?.["sum"],
  };
}
