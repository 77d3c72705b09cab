/** Whole numbers split in two doubles where one would not hold them: `high * LIMB + low`, with `low` below LIMB. */
export const LIMB = 1e8;
const LIMB_DIGITS = 8;

/**
 * The decimal text of `units × 10^-decimals`, with zeros up to `places`, as venues write it.
 * @param units a whole number, not negative, at most 2^53
 */
export const decimalText = (units: number, decimals: number, places: number): string =>
  point(String(units), decimals, places);

/** The same of a number in two limbs. */
export const wideText = (high: number, low: number, decimals: number, places: number): string =>
  point(high === 0 ? String(low) : high + String(low).padStart(LIMB_DIGITS, "0"), decimals, places);

const ZEROS = "0".repeat(20);

function point(digits: string, decimals: number, places: number): string {
  if (decimals === 0) return places === 0 ? digits : `${digits}.${ZEROS.slice(0, places)}`;
  const whole = digits.length - decimals;
  const fraction = whole > 0 ? digits.slice(whole) : digits.padStart(decimals, "0");
  return `${whole > 0 ? digits.slice(0, whole) : "0"}.${fraction}${ZEROS.slice(0, Math.max(0, places - decimals))}`;
}

/** The double nearest to `units × 10^-decimals`: both operands are exact, so that the division rounds once. */
export const decimalValue = (units: number, decimals: number): number => units / 10 ** decimals;

/** The double nearest to a number in two limbs. */
export function wideValue(high: number, low: number, decimals: number): number {
  const units = high * LIMB + low;
  return units <= Number.MAX_SAFE_INTEGER ? units / 10 ** decimals : Number(wideText(high, low, decimals, decimals));
}
