import { describe, expect, it } from 'vitest';
import type { RunEnd } from '../runtime/run.ts';
import { describeEnd } from './describe-end.ts';

const end = (changes: Partial<RunEnd> = {}): RunEnd => ({
  ...{ code: 1, signal: null, killed: false, logTail: '', ranMs: 1 },
  ...changes,
});

describe('describeEnd', () => {
  it('says how it was', () => {
    expect(describeEnd(end())).toBe('The engine ended. (exit code 1)');
    expect(describeEnd(end({ code: null, signal: 'SIGSEGV' }))).toBe('The engine ended. (signal SIGSEGV)');
    expect(describeEnd(end({ code: null, lostGuard: true }))).toBe('The engine ended. (its guard was killed)');
    expect(describeEnd(end(), 'The engine did not answer.')).toBe('The engine did not answer. (exit code 1)');
  });

  it('quotes the log after the first line only, because it may hold what somebody asked', () => {
    const logTail = 'one\ntwo\nthe prompt\n\n';
    const [first, ...rest] = describeEnd(end({ logTail }), 'It broke.\nwith details').split('\n');
    expect(first).toBe('It broke. (exit code 1)');
    expect(rest).toEqual(['one', 'two', 'the prompt']);
  });

  it('quotes no more than a reason can hold', () => {
    const many = Array.from({ length: 100 }, (_, number) => `line ${number}`).join('\n');
    expect(
      describeEnd(end({ logTail: many }))
        .split('\n')
        .slice(1),
    ).toHaveLength(8);
    expect(describeEnd(end({ logTail: many }))).toContain('line 99');
    expect(describeEnd(end({ logTail: 'x'.repeat(1_000_000) })).length).toBeLessThan(1_100);
  });
});
