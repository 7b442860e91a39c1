/** What the nano grammar lets through as strings. */

import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../chat/tool.ts';
import { nano } from './nano.ts';
import { accepts, ask, tool, user, written } from './nano-cases.contract.ts';

describe('copied strings', () => {
  const messages = [
    user(
      'Fly me from Novi Sad to "St. John\'s, NL" on Friday. 我想去上海。\nThanks! See ./a.txt. Acme Inc. sells in D.C.',
    ),
  ];
  const fly = tool('fly', { to: { type: 'string', description: "City, or 'home'", default: 'anywhere' } }, ['to']);
  const plan = nano.answer(ask([fly], { messages, copyOnly: true }));
  const takes = (value: string): boolean =>
    accepts(plan, written(`<|call|>fly\nto* str: City, or 'home' = ${value}\n`));

  it.each([
    'Novi Sad',
    'Friday',
    '上海',
    '我想去上海',
    "St. John's, NL",
    'home',
    'anywhere',
    './a.txt',
    'Acme Inc.',
    'D.C.',
  ])('may be %s', (value) => {
    expect(takes(value)).toBe(true);
  });

  it.each(['Novi S', 'ovi Sad', 'Paris', 'Friday.', './a.txt.', '上海。', 'Friday. 我想去上海。', '"St', 'Novi Sad '])(
    'may not be %s',
    (value) => {
      expect(takes(value)).toBe(false);
    },
  );

  it('may be anything where nothing can be copied', () => {
    const bare = tool('fly', { to: { type: 'string' } }, ['to']);
    const empty = nano.answer(ask([bare], { messages: [user('?!')], copyOnly: true }));
    expect(accepts(empty, written('<|call|>fly\nto* str = Oslo\n'))).toBe(true);
  });

  it('are copied inside lists as well', () => {
    const many = tool('many', { to: { type: 'array', items: { type: 'string' } } }, ['to']);
    const listed = nano.answer(ask([many], { messages, copyOnly: true }));
    expect(accepts(listed, written('<|call|>many\nto* list = ["Novi Sad", "上海"]\n'))).toBe(true);
    expect(accepts(listed, written('<|call|>many\nto* list = ["Paris"]\n'))).toBe(false);
  });
});

describe('what the grammar keeps of strings', () => {
  const takes = (schema: JsonSchema, value: string): boolean =>
    accepts(nano.answer(ask([tool('f', { a: schema }, ['a'])])), written(`<|call|>f\na* str = ${value}\n`));
  const relaxed = (schema: JsonSchema): readonly string[] | undefined =>
    nano.answer(ask([tool('f', { a: schema }, ['a'])])).relaxed.get('f');

  it('length', () => {
    const schema = { type: 'string', minLength: 2, maxLength: 3 };
    expect(['a', 'ab', '天天天', 'abcd', '"ab"', '"a"'].map((value) => takes(schema, value))).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(relaxed(schema)).toEqual([]);
    expect(takes({ type: 'string', maxLength: 0 }, '""')).toBe(true);
    expect(takes({ type: 'string', maxLength: 0 }, 'a')).toBe(false);
  });

  it('formats with a grammar', () => {
    expect(takes({ type: 'string', format: 'date' }, '2024-02-29')).toBe(true);
    expect(takes({ type: 'string', format: 'date' }, '2023-02-29')).toBe(false);
    expect(relaxed({ type: 'string', format: 'date' })).toEqual([]);
  });

  it('names what it does not keep', () => {
    expect(relaxed({ type: 'string', format: 'idn-email', pattern: '^a' })).toEqual(['pattern']);
    expect(relaxed({ type: 'integer', not: { minimum: 3, multipleOf: 7 } })).toContain('not');
  });
});
