/** Time and randomness as things handed in, so that pure code stays pure and tests are exact. */

/** Milliseconds from some origin (monotonic), Unix milliseconds and Unix seconds. */
export interface Clock {
  nowMs(): number;
  unixMs(): number;
  unixSeconds(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  unixMs: () => Date.now(),
  unixSeconds: () => Math.floor(Date.now() / 1000),
};

/** Makes lower-case hexadecimal text of `bytes` random bytes; used for ids. */
export type RandomHex = (bytes: number) => string;

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Random bytes in stock: each call of the source costs more than an id. */
const stock = new Uint8Array(1_024);
let taken = stock.length;

/** Random hexadecimal text from the platform's secure source. */
export const randomHex: RandomHex = (bytes) => {
  let text = '';
  for (let count = 0; count < bytes; count++) text += hexOfByte[nextByte()];
  return text;
};

/** Each is given out once, and not kept. */
function nextByte(): number {
  if (taken === stock.length) {
    crypto.getRandomValues(stock);
    taken = 0;
  }
  const byte = stock[taken] ?? 0;
  stock[taken++] = 0;
  return byte;
}
