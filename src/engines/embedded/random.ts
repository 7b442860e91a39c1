/** A small generator of random numbers that a seed makes repeatable. */

/** Numbers in [0, 1). */
export type Random = () => number;

/** The xoshiro128** generator; any finite seed is fine. */
export function createRandom(seed: number): Random {
  const state = spread(seed);
  return () => {
    const [a, b, c, d] = state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const c1 = c ^ a;
    const d1 = d ^ b;
    state[0] = a ^ d1;
    state[1] = b ^ c1;
    state[2] = c1 ^ (b << 9);
    state[3] = rotate(d1, 11);
    return result / 2 ** 32;
  };
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Four words that differ much even for neighbouring seeds; never all zero. */
function spread(seed: number): [number, number, number, number] {
  const whole = Math.trunc(seed);
  let mixed = (whole ^ Math.imul(Math.floor(whole / 2 ** 32), 0x85ebca6b)) >>> 0;
  const word = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  return [word(), word(), word(), word() | 1];
}
