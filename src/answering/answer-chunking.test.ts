import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answer, ask, hermes } from '../../test/fixtures/answering-world.ts';
import type { FoldedAnswer } from '../chat/fold.ts';

/** What models do to a call: whole fragments in any order, and letters lost. */
const fragment = fc.constantFrom(
  hermes('{"city": "Oslo"}'),
  hermes("{'city': 'Oslo', 'days': '3',}"),
  hermes('{"days": 1}'),
  hermes('{"city": "say "hi" now"}'),
  hermes('{"city": "Oslo"}', 'rm_rf'),
  '<tool_call>',
  '</tool_call>',
  '<think>\nhm\n</think>\n',
  '[TOOL_CALLS]',
  'Hello END there. ',
  '\n',
  '{"city": "Oslo"}',
);
const written = fc
  .tuple(fc.array(fragment, { maxLength: 5 }), fc.array(fc.nat(400), { maxLength: 3 }))
  .map(([parts, lost]) => [...parts.join('')].filter((_, index) => !lost.includes(index)).join(''));
const settings = fc.record({
  constrained: fc.boolean(),
  end: fc.constantFrom('stop' as const, 'length' as const),
  parallelCalls: fc.boolean(),
  guarantee: fc.constantFrom('enforce' as const, 'report' as const, 'off' as const),
  choice: fc.constantFrom('auto' as const, 'none' as const, 'required' as const),
  stop: fc.constantFrom([], ['END']),
});

/** What a client sees, its ids and the cost left out. */
function seenBy({ choices, warnings, error }: FoldedAnswer) {
  return {
    choices: choices.map(({ text, reasoning, finish, calls }) => ({
      ...{ text, reasoning, finish },
      calls: calls.map(({ name, arguments: json, outcome, kept }) => ({ name, json, outcome, kept })),
    })),
    warnings,
    error: error?.code,
  };
}

function chunked(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

describe('an answer', () => {
  it('is the same for every chunking, and every call that is called ok is valid', async () => {
    await fc.assert(
      fc.asyncProperty(written, settings, async (text, { constrained, end, choice, ...changes }) => {
        const request = ask({ ...changes, toolChoice: { type: choice } });
        const again = { chunks: [hermes('{"city": "Rome"}')] };
        const run = (size: number) =>
          answer([{ chunks: chunked(text, size), end }, again, again], request, { constrained });
        const whole = seenBy(await run(text.length || 1));
        for (const size of [1, 3, 7]) expect(seenBy(await run(size))).toEqual(whole);
        // A scripted engine that claims a grammar breaks it nonetheless; such a call is sent and ends broken.
        if (changes.guarantee !== 'enforce' || constrained) return;
        for (const { json, outcome } of whole.choices.flatMap(({ calls }) => calls))
          if (outcome === 'ok') expect(JSON.parse(json)).toMatchObject({ city: expect.any(String) });
        for (const { calls } of whole.choices) {
          expect(calls.every(({ outcome }) => outcome !== 'broken')).toBe(true);
          if (choice === 'none') expect(calls).toEqual([]);
          if (!changes.parallelCalls) expect(calls.length).toBeLessThanOrEqual(1);
        }
      }),
      { seed: 4, numRuns: 60 },
    );
  });
});
