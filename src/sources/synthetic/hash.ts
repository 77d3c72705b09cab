/** Names a stream of hashed numbers: one for each use within one instrument of one seed. */
export function streamOf(seed: number, name: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return mix(hash);
}

function mix(bits: number): number {
  let hash = bits ^ (bits >>> 16);
  hash = Math.imul(hash, 0x21f0aaad);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** 32 bits for an index of a stream, from 0 to 2^32 - 1. Any index at once: nothing is walked through. */
export const hash = (stream: number, index: number): number => mix(Math.imul(index, 0x9e3779b1) ^ stream);

/** A number in [0, 1) for an index of a stream. */
export const uniform = (stream: number, index: number): number => hash(stream, index) / 2 ** 32;
