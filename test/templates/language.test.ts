/** Small templates print what Python's jinja2 prints. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MeteredInterpreter } from '../../src/template/interpreter.ts';
import { Meter, requestBudget } from '../../src/template/meter.ts';
import { compile } from '../../src/template/program.ts';
import { createScope } from '../../src/template/scope.ts';
import { Spellings, StandIns } from '../../src/template/stand-ins.ts';

/** What `render.py` made of each; `x` is its GIVEN. */
const snippets: Record<string, string | { error: string }> = JSON.parse(
  readFileSync(new URL('./language.json', import.meta.url), 'utf8'),
);
const x = {
  name: 'Ann',
  n: 3,
  f: 1.5,
  list: [3, 1, 2],
  map: { b: 1, a: [true, null] },
  people: [
    { name: 'Bo', age: 7, tags: ['x'] },
    { name: 'cy', age: 5 },
    { name: 'Al', age: 7 },
  ],
};
const noSpellings = new Spellings([]);

function print(source: string): unknown {
  const rendering = { messages: [], addGenerationPrompt: false, variables: { x }, now: new Date(0) };
  const scope = createScope(rendering, {
    tokens: { bosToken: '', eosToken: '', specialTokens: [] },
    style: { argumentsAs: 'object', emptyContent: 'text', reasoningAs: 'reasoning_content' },
    standIns: new StandIns(noSpellings, []),
    assistantSpellings: noSpellings,
  });
  const program = compile(source);
  const tools = { meter: new Meter(requestBudget), guard: (text: string) => text };
  return new MeteredInterpreter(scope, program, tools).run(program.root).value;
}

it.each(Object.entries(snippets))('%s', (source, expected) => {
  if (typeof expected === 'string') expect(print(source)).toBe(expected);
  else expect(() => print(source)).toThrow();
});
