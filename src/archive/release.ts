/** Below this a buffer may be a part of a pool that others use too. */
const OWN = 1 << 16;

/**
 * Gives memory back at once. A month's text and columns take megabytes, and a collector that sees small objects only lets
 * many of them pile up before it looks. Whoever still has a view of them finds it empty.
 */
export function release(views: Iterable<ArrayBufferView>): void {
  for (const { buffer } of views) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength >= OWN) buffer.transfer(0);
  }
}
