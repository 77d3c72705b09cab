import { type Batch, concat } from "../core/batch.ts";
import type { Table } from "../core/table.ts";
import { FlatBuffer } from "./flatbuffer.ts";
import { V5 } from "./message.ts";
import { type RecordBatch, recordBatch } from "./record-batch.ts";
import { schema, schemaMessage } from "./schema.ts";

/** Batches are joined until they have this many rows: readers are slow with thousands of small ones. */
const ROWS_PER_BATCH = 65_536;

/** "ARROW1", filled up to eight bytes. */
const MAGIC = Uint8Array.of(0x41, 0x52, 0x52, 0x4f, 0x57, 0x31, 0, 0);

/** A marker and the length 0: the end of the messages. */
const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

type Block = Pick<RecordBatch, "metadata" | "body"> & { readonly at: number };

/** The structs `Block`: offset, length of the metadata, four bytes of padding, length of the body. */
function blockBytes(blocks: readonly Block[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(blocks.length * 24));
  blocks.forEach(({ at, metadata, body }, i) => {
    view.setBigInt64(24 * i, BigInt(at), true);
    view.setInt32(24 * i + 8, metadata, true);
    view.setBigInt64(24 * i + 16, BigInt(body), true);
  });
  return new Uint8Array(view.buffer);
}

/** `Footer` of File.fbs, its length, and the magic once more. */
function footer(table: Table, blocks: readonly Block[]): Uint8Array {
  const to = new FlatBuffer();
  const batches = to.vector(blocks.length, blockBytes(blocks), 8);
  const metadata = to.finish(
    to.table([
      [0, "i16", V5],
      [1, "offset", schema(to, table, false)],
      [2, "offset", to.vector(0, new Uint8Array(), 8)],
      [3, "offset", batches],
    ]),
  );
  const bytes = new Uint8Array(metadata.length + 10);
  bytes.set(metadata);
  new DataView(bytes.buffer).setInt32(metadata.length, metadata.length, true);
  bytes.set(MAGIC.subarray(0, 6), metadata.length + 4);
  return bytes;
}

/** Joins neighbours until there are enough rows for a record batch; empty ones vanish. */
async function* joined(table: Table, batches: Iterable<Batch> | AsyncIterable<Batch>): AsyncGenerator<Batch> {
  let held: Batch[] = [];
  let rows = 0;
  for await (const batch of batches) {
    if (batch.rows === 0) continue;
    held.push(batch);
    rows += batch.rows;
    if (rows < ROWS_PER_BATCH) continue;
    yield concat(table, held);
    held = [];
    rows = 0;
  }
  if (rows > 0) yield concat(table, held);
}

/**
 * A table's rows as an Arrow IPC file (Arrow columnar format, "IPC File Format"), which is Feather V2 too: piece by
 * piece, so that memory does not grow with the rows. Not compressed; text is plain utf8, times timestamp[us, tz=UTC].
 *
 * @param batches of `table`, in file order
 */
export async function* arrowFile(
  table: Table,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
): AsyncGenerator<Uint8Array> {
  const head = schemaMessage(table, false);
  yield MAGIC;
  yield head;
  const blocks: Block[] = [];
  let at = MAGIC.length + head.length;
  for await (const batch of joined(table, batches)) {
    const { bytes, metadata, body } = recordBatch(batch);
    yield bytes;
    blocks.push({ at, metadata, body });
    at += bytes.length;
  }
  yield END_OF_STREAM;
  yield footer(table, blocks);
}
