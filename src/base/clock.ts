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

/** Random hexadecimal text from the platform's secure source. */
export const randomHex: RandomHex = (bytes) => {
  let text = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) text += hexOfByte[byte];
  return text;
};
