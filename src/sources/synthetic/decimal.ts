/** Whole numbers split in two doubles where one would not hold them: `high × LIMB + low`, with `low` below LIMB. */
export const LIMB = 1e8;

/** Powers of ten, by exponent: exact, and quicker than the operator. */
export const TEN: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, LIMB];

/** The double nearest to `units × 10^-decimals`: both operands are exact, so that the division rounds once. */
export const decimalValue = (units: number, decimals: number): number => units / (TEN[decimals] as number);

/** The double nearest to a number in two limbs. */
export function wideValue(high: number, low: number, decimals: number): number {
  const units = high * LIMB + low;
  if (units <= Number.MAX_SAFE_INTEGER) return decimalValue(units, decimals);
  return Number(`${BigInt(high) * BigInt(LIMB) + BigInt(low)}e-${decimals}`);
}
