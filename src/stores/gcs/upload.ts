import type { File, FileMetadata } from "@google-cloud/storage";
import { REQUEST_TIME } from "./client.ts";

/** From here on bytes go in a session of their own, whose start is a request more. */
const LARGE = 8 * 2 ** 20;

export interface Upload {
  readonly bytes: Uint8Array;
  /** The service compares the bytes with it before anybody sees them. */
  readonly crc32c: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Generation that is replaced; `0` where there must be none. */
  readonly replaces: string;
}

/**
 * One attempt to write a whole object. Rejects with the client's error.
 * @param onRequest hears of every request that goes out
 */
export async function upload(file: File, what: Upload, onRequest: () => void): Promise<FileMetadata> {
  const { bytes, crc32c, contentType, metadata, replaces } = what;
  const isLarge = bytes.byteLength >= LARGE;
  const stream = file.createWriteStream({
    resumable: isLarge,
    // The client would compare afterwards, and remove what does not fit: whosever it may be by then.
    validation: false,
    preconditionOpts: { ifGenerationMatch: replaces },
    metadata: { contentType, crc32c, metadata: { ...metadata } },
  });
  onRequest();
  if (isLarge) stream.on("uri", onRequest);
  const deadline = setTimeout(
    () => stream.destroy(Object.assign(new Error("the upload stands still"), { code: "ETIMEDOUT" })),
    REQUEST_TIME,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      stream.on("error", reject).on("finish", resolve);
      stream.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
  } finally {
    clearTimeout(deadline);
  }
  return file.metadata;
}
