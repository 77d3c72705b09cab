/** Values that are looked at, spread over the page. */
const SAMPLE = 64;
/** Of so many neighbours, upper quarters that differ, and lower halves that are neither zero nor the same. */
const UPPER = SAMPLE / 2;
const LOWER = SAMPLE - 4;

/**
 * Whether compressing doubles cannot pay: their lower halves never repeat, as those of decimal fractions do not, and their
 * upper ends differ too, so that there is nothing to find. Traded amounts are so; prices share their upper ends, and whole
 * numbers and zeros have lower halves of zero. Decided by the values alone.
 */
export function isNoise(values: Float64Array): boolean {
  if (values.length < 2 * SAMPLE) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const step = 2 * Math.floor(values.length / (SAMPLE + 1));
  let upper = 0;
  let lower = 0;
  for (let i = 1; i <= SAMPLE; i++) {
    const at = i * step;
    const low = words[at] as number;
    if ((words[at + 1] as number) >>> 16 !== (words[at - step + 1] as number) >>> 16) upper++;
    if (low !== 0 && low !== words[at - step]) lower++;
  }
  return upper >= UPPER && lower >= LOWER;
}
