/** Values that are looked at, spread over the page. */
const SAMPLE = 64;
/** Of so many, lower halves that are no repetition, and upper quarters that differ. */
const LOWER = 60;
const UPPER = 16;

/**
 * Whether compressing doubles cannot pay: their lower halves never repeat, as decimal fractions' do not, and their upper
 * ends differ too, so that there is nothing to find. Traded amounts are so; prices share their upper ends, and whole
 * numbers and zeros have lower halves of zero. Decided by the values alone.
 */
export function isNoise(values: Float64Array): boolean {
  if (values.length < SAMPLE) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const step = Math.floor(values.length / SAMPLE);
  const lower = new Set<number>();
  const upper = new Set<number>();
  for (let i = 0; i < SAMPLE; i++) {
    lower.add(words[2 * i * step] as number);
    upper.add((words[2 * i * step + 1] as number) >>> 16);
  }
  return lower.size >= LOWER && upper.size > UPPER;
}
