const BARS = "▁▂▃▄▅▆▇█";

/** Numbers as a line of bars from the lowest to the highest. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const reach = Math.max(...values) - low || 1;
  return values
    .map((value) => BARS[Math.min(BARS.length - 1, Math.floor(((value - low) / reach) * BARS.length))])
    .join("");
}
