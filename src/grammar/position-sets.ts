/** Numbers for sets of positions, so that a set can stand where a position stands. */

import { Bug } from '../base/errors.ts';

/** The empty set is 0; equal sets have equal numbers. */
export class PositionSets {
  readonly #sets: (readonly number[])[] = [[]];
  readonly #numbers = new Map<string, number>([['', 0]]);
  /** Positions held in all sets together. */
  size = 0;

  /** The number of this sorted set. */
  number(positions: readonly number[]): number {
    const key = positions.join();
    const found = this.#numbers.get(key);
    if (found !== undefined) return found;
    const number = this.#sets.push(positions) - 1;
    this.#numbers.set(key, number);
    this.size += positions.length;
    return number;
  }

  /** The set of this number. */
  positions(number: number): readonly number[] {
    const found = this.#sets[number];
    if (found === undefined) throw new Bug('A position set of another table was asked for.');
    return found;
  }
}
