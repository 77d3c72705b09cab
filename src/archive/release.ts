/** Smaller ones are the collector's business, and may be parts of a pool that others use too. */
const LARGE = 1 << 16;

/**
 * Gives memory back at once. A month's text and columns take megabytes, and a collector that sees small objects only lets
 * many of them pile up before it looks. Whoever still has a view of them finds it empty.
 */
export function release(views: Iterable<ArrayBufferView>): void {
  for (const { buffer, byteLength } of views) {
    const isOwn = byteLength > LARGE && byteLength > buffer.byteLength / 2;
    if (isOwn && buffer instanceof ArrayBuffer) buffer.transfer(0);
  }
}

/** As `release`, of views that may share their memory and are all done with. */
export function releaseAll(views: Iterable<ArrayBufferView>): void {
  for (const { buffer } of views) if (buffer instanceof ArrayBuffer && buffer.byteLength > LARGE) buffer.transfer(0);
}
