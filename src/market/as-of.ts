/**
 * For each `at` (ascending) the index of the last `times` (ascending) at or before it and no more than `timeToLive(i)`
 * older, or -1. All in one unit.
 */
export function asOf(at: Float64Array, times: Float64Array, timeToLive: (index: number) => number): Int32Array {
  const found = new Int32Array(at.length);
  let next = 0;
  for (let i = 0; i < at.length; i++) {
    const time = at[i] as number;
    while (next < times.length && (times[next] as number) <= time) next++;
    const last = next - 1;
    found[i] = last >= 0 && time - (times[last] as number) <= timeToLive(last) ? last : -1;
  }
  return found;
}
