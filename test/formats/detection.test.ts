/** Every template speaks one format, and none but its own is taken for it. */

import { describe, expect, it } from 'vitest';
import { readFixtures } from '../templates/fixtures.ts';
import { detectFixture } from './templates.ts';

/** Formats that write calls alike: the template does not tell them apart, the model's name does. */
const twins: Readonly<Record<string, string>> = { 'step-3.5': 'qwen-3-coder', trinity: 'hermes' };

/** Less than this is chance, in a template that knows tools; others are recognised by what they lack. */
const leastMargin = 1.9;

/** Where it is less, and why. */
const narrow: Readonly<Record<string, { readonly margin: number; readonly because: string }>> = {
  'phi-4-mini': { margin: 0.5, because: 'its template writes `functools[` as FireFunction does' },
};

describe.each(readFixtures())('the template of $name', (fixture) => {
  const { name } = fixture;
  const knowsTools = fixture.source.includes('tools');

  it('is detected by what it says and writes', () => {
    const { format, margin, evidence } = detectFixture(fixture, '');
    if (!knowsTools) expect(format.kind).toBe('prompted');
    else expect(format.name, evidence).toBe(twins[name] ?? name);
    expect(margin, evidence).toBeGreaterThanOrEqual(knowsTools ? (narrow[name]?.margin ?? leastMargin) : 0);
  });

  it('is not taken for another because of a name', () => {
    const { format } = detectFixture(fixture, name);
    if (knowsTools) expect(format.name).toBe(name);
    else expect(format.kind).toBe('prompted');
  });
});

describe('the twins', () => {
  it('are told apart by nothing but their names', () => {
    for (const fixture of readFixtures().filter(({ name }) => name in twins))
      expect([fixture.name, detectFixture(fixture, '').format.name]).not.toEqual([fixture.name, fixture.name]);
  });
});
