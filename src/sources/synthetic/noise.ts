import { uniform } from "./hash.ts";

/**
 * Adds one octave to `out`, whose element i stands for the instant `from + i`: straight lines between hashed values at
 * the multiples of `period`. An element depends on its instant alone, to the last bit, whatever `from` and the length are.
 */
function addOctave(out: Float64Array, from: number, stream: number, period: number, amplitude: number): void {
  let cell = Math.floor(from / period);
  let left = (2 * uniform(stream, cell) - 1) * amplitude;
  for (let i = 0; i < out.length; ) {
    cell++;
    const right = (2 * uniform(stream, cell) - 1) * amplitude;
    const start = (cell - 1) * period - from;
    const end = Math.min(out.length, start + period);
    const slope = (right - left) / period;
    for (; i < end; i++) out[i] = (out[i] as number) + (left + slope * (i - start));
    left = right;
  }
}

export interface Octaves {
  /** Powers of two, in minutes: the shortest and the longest period. */
  readonly shortest: number;
  readonly longest: number;
  /** Amplitude of an octave of one minute; the others grow with the square root of the period, as a random walk does. */
  readonly amplitude: number;
}

/** Fractal noise at the instants (minutes) `from … from + length - 1`. */
export function fractal(from: number, length: number, stream: number, octaves: Octaves): Float64Array {
  const out = new Float64Array(length);
  for (let power = octaves.shortest; power <= octaves.longest; power++) {
    const period = 2 ** power;
    addOctave(out, from, (stream + power) >>> 0, period, octaves.amplitude * Math.sqrt(period));
  }
  return out;
}

/**
 * About e^x, out of multiplications alone: the language leaves the last bits of `Math.exp` to the engine, and the made
 * market has to be the same everywhere.
 */
export function growth(x: number): number {
  let y = 1 + x / 64;
  y *= y;
  y *= y;
  y *= y;
  y *= y;
  y *= y;
  return y * y;
}
