/** Whole numbers split in two doubles where one would not hold them: `high × LIMB + low`, with `low` below LIMB. */
export const LIMB = 1e8;

/** The double nearest to `units × 10^-decimals`: both operands are exact, so that the division rounds once. */
export const decimalValue = (units: number, decimals: number): number => units / 10 ** decimals;

/** The double nearest to a number in two limbs. */
export function wideValue(high: number, low: number, decimals: number): number {
  const units = high * LIMB + low;
  if (units <= Number.MAX_SAFE_INTEGER) return units / 10 ** decimals;
  return Number(`${BigInt(high) * BigInt(LIMB) + BigInt(low)}e-${decimals}`);
}
