import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopReader } from './stop-reader.ts';

function read(stops: readonly string[], deltas: readonly string[]): string {
  const reader = new StopReader(stops);
  let shown = '';
  for (const delta of deltas) {
    const outcome = reader.push(delta);
    shown += outcome.text;
    if (outcome.stopped) return shown;
  }
  return shown + reader.flush();
}

describe('StopReader', () => {
  it('shows what stands before the first stop string', () => {
    expect(read(['END', '\n\n'], ['one\n', '\ntwo END'])).toBe('one');
    expect(read(['Observation:'], ['Thought: x\nObserv', 'ation: y'])).toBe('Thought: x\n');
  });

  it('releases a beginning that never became a stop string', () => {
    expect(read(['END'], ['the EN', 'glish'])).toBe('the ENglish');
    expect(read(['aab'], ['aa', 'aab'])).toBe('aa');
    expect(read(['END'], ['the E'])).toBe('the E');
  });

  it('gives the same text for every chunking', () => {
    const letters = fc.constantFrom('a', 'b', 'c');
    const word = fc.array(letters, { minLength: 1, maxLength: 4 }).map((list) => list.join(''));
    const deltas = fc.array(fc.array(letters, { maxLength: 4 }).map((list) => list.join('')));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 3 }), deltas, (stops, parts) => {
        const whole = parts.join('');
        expect(read(stops, parts)).toBe(read(stops, [...whole]));
        expect(read(stops, parts)).toBe(read(stops, [whole]));
        for (const stop of stops) expect(read([stop], parts)).toBe(whole.split(stop)[0]);
      }),
      { seed: 7 },
    );
  });
});
