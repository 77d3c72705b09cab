import type { FlatBuffer } from "./flatbuffer.ts";

// Arrow's encapsulated messages (Arrow columnar format, "Encapsulated message format", and Message.fbs).

/** `enum MetadataVersion`: V5, in use since Arrow 1.0. */
export const V5 = 4;

/** `union MessageHeader` */
export const HEADER = { schema: 1, recordBatch: 3 } as const;

/** The `Message` whose header is `header`, behind its marker and its length; `body` bytes follow it. */
export function message(to: FlatBuffer, kind: number, header: number, body: number): Uint8Array {
  const metadata = to.finish(
    to.table([
      [0, "i16", V5],
      [1, "u8", kind],
      [2, "offset", header],
      [3, "i64", body],
    ]),
  );
  const bytes = new Uint8Array(8 + metadata.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xffffffff, true);
  view.setInt32(4, metadata.length, true);
  bytes.set(metadata, 8);
  return bytes;
}
