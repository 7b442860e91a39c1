import { describe, expect, it } from 'vitest';
import { splitCard } from './card-text.ts';

const card = (...lines: string[]) => ['---', ...lines, '---', '# Model', ''].join('\n');
const bomb = ['a: &a [x, x, x, x]', 'b: &b [*a, *a, *a, *a]', 'license: *b'];

describe('splitCard', () => {
  it.each([
    ['# Model\n', { markdown: '# Model\n' }],
    ['', { markdown: '' }],
    [card('license: mit'), { markdown: '# Model\n', licence: 'mit' }],
    [card('license: mit').replaceAll('\n', '\r\n'), { markdown: '# Model\n', licence: 'mit' }],
    [`\uFEFF${card('license: mit')}`, { markdown: '# Model\n', licence: 'mit' }],
    [card('license: other', 'license_name: llama3'), { markdown: '# Model\n', licence: 'llama3' }],
    [
      card('license: [mit, apache-2.0]', 'base_model:', '- a/b', '- c/d'),
      { markdown: '# Model\n', licence: 'mit', baseModel: 'a/b' },
    ],
    [card('license: {a: 1}', 'base_model: 7'), { markdown: '# Model\n' }],
    [card('license: [broken'), { markdown: '# Model\n' }],
    [card('- only', '- a list'), { markdown: '# Model\n' }],
    [card(...bomb), { markdown: '# Model\n' }],
    [card(), { markdown: '# Model\n' }],
    ['---\nlicense: mit\n', { markdown: '---\nlicense: mit\n' }],
    ['----\nlicense: mit\n---\n', { markdown: '----\nlicense: mit\n---\n' }],
  ])('%j', (readme, expected) => {
    expect(splitCard(readme)).toEqual(expected);
  });

  it.each(['[', '{a: ', '- ', '? ', '&a '])('survives front matter of nothing but %j', (piece) => {
    const text = piece.repeat(Math.floor(15_000 / piece.length));
    expect(splitCard(card(`license: mit`, `x: ${text}`)).markdown).toBe('# Model\n');
  });

  it('reads no endless front matter', () => {
    const long = card(`license: mit # ${'x'.repeat(20_000)}`);
    expect(splitCard(long)).toEqual({ markdown: '# Model\n' });
  });
});
