import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InLine, WaitingLine } from './waiting-line.ts';

const one = (caller: string, number = 0) => ({ caller, number });

function lineOf<T extends InLine>(...items: readonly T[]): WaitingLine<T> {
  const line = new WaitingLine<T>();
  for (const item of items) line.enter(item);
  return line;
}

describe('a waiting line', () => {
  it('lets callers take turns, each in their own order', () => {
    const [a1, a2, a3, b1, c1] = [one('a', 1), one('a', 2), one('a', 3), one('b', 1), one('c', 1)];
    const line = lineOf(a1, a2, a3, b1, c1);
    expect(line.inOrder()).toEqual([a1, b1, c1, a2, a3]);
    line.serve(a1);
    expect(line.inOrder()).toEqual([b1, c1, a2, a3]);
  });

  it('forgets those who leave, at once', () => {
    const [a1, a2, b1] = [one('a', 1), one('a', 2), one('b', 1)];
    const line = lineOf(a1, a2, b1);
    expect([line.leave(a1), line.leave(a1), line.length]).toEqual([true, false, 2]);
    expect(line.inOrder()).toEqual([a2, b1]);
    line.leave(a2);
    line.leave(b1);
    expect([line.length, line.heads()]).toEqual([0, []]);
  });

  it('turns away the last of whoever has the most in it', () => {
    const [a1, a2, b1, b2] = [one('a', 1), one('a', 2), one('b', 1), one('b', 2)];
    expect(lineOf(a1, a2, b1).excess(b1)).toBe(a2);
    expect(lineOf(a1, a2, b1, b2).excess(b2)).toBe(b2);
    expect(lineOf(a1, a2).excess(a2)).toBe(a2);
  });

  it('serves in the order that it foretold, all of them, and nobody waits longer than one turn of each other', () => {
    const callers = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60 });
    const property = fc.property(callers, (names) => {
      const items = names.map(one);
      const line = lineOf(...items);
      const foretold = line.inOrder();
      const served: InLine[] = [];
      const owed = new Map<string, number>();
      for (let [head] = line.heads(); head !== undefined; [head] = line.heads()) {
        for (const { caller } of line.heads()) owed.set(caller, (owed.get(caller) ?? 0) + 1);
        expect(owed.get(head.caller)).toBeLessThanOrEqual(4);
        owed.delete(head.caller);
        line.serve(head);
        served.push(head);
      }
      expect(served).toEqual(foretold);
      expect(new Set(served)).toEqual(new Set(items));
      expect(line.length).toBe(0);
    });
    fc.assert(property, { seed: 61, numRuns: 200 });
  });
});
