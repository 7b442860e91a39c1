import { describe, expect, it } from 'vitest';
import type { Constraint } from './constraint.ts';
import { choice, free, freeAfterStart, type GrammarNode, rule, sequence, special, text } from './grammar.ts';
import { printStructuralTag } from './print-structural-tag.ts';

const constraint = (root: GrammarNode, rules: Record<string, GrammarNode> = {}): Constraint => ({
  grammar: { root, rules },
  openings: [],
  stops: [],
  ends: [],
});
const printed = (root: GrammarNode, specials?: Parameters<typeof printStructuralTag>[1]): unknown => {
  const { text: json = '', relaxed } = printStructuralTag(constraint(root, { end: text('!') }), specials) ?? {};
  return { ...JSON.parse(json), relaxed };
};
const tag = (begin: string, grammar: string): object => ({
  type: 'tag',
  begin,
  content: { type: 'grammar', grammar },
  end: '',
});
const triggered = (triggers: string[], tags: object[], relaxed: string[] = []): object => ({
  type: 'structural_tag',
  format: { type: 'triggered_tags', triggers, tags, at_least_one: false, stop_after_first: true },
  relaxed,
});
const whole = (grammar: unknown, relaxed: string[] = []): object => ({
  type: 'structural_tag',
  format: { type: 'grammar', grammar },
  relaxed,
});

const a = { opening: { text: '<a>' }, then: sequence(text('x'), rule('end')) };
const b = { opening: { text: '<b>' }, then: text('y') };

describe('a structural tag', () => {
  it('triggers at the openings of free text', () => {
    const tags = [tag('<a>', 'root ::= "x" end\nend ::= "!"\n'), tag('<b>', 'root ::= "y"\n')];
    expect(printed(free(a, b))).toEqual(triggered(['<a>', '<b>'], tags));
  });

  it('triggers at a marker that is a special token, not at the longer openings that begin with it', () => {
    const marker = { opening: { special: '<c' }, then: choice(text('>1'), special('<d>')) };
    const long = { opening: { text: '<c>1' }, then: text('1') };
    const tags = [tag('<b>', 'root ::= "y"\n'), tag('<c', 'root ::= ">1" | "<d>"\n')];
    expect(printed(free(long, b, marker))).toEqual(triggered(['<b>', '<c'], tags, ['special']));
    const known = triggered(['<c>1', '<b>'], [tag('<c>1', 'root ::= "1"\n'), tag('<b>', 'root ::= "y"\n')]);
    expect(printed(free(long, b, marker), () => undefined)).toEqual(known);
  });

  it('is one grammar where there are no triggers', () => {
    expect(printed(text('a'))).toEqual(whole('root ::= "a"\n'));
    expect(printed(free())).toEqual(whole(expect.stringContaining('[^\\u0000] root-free')));
  });

  it('is one grammar where openings are forbidden, stand at the start only or hold each other', () => {
    const holding = { opening: { text: 'x<b>' }, then: text('z') };
    for (const root of [
      free({ opening: { text: '<a>' }, then: choice() }),
      freeAfterStart(b),
      { ...free(b), begun: '<' } as const,
      free(b, holding),
    ])
      expect(printed(root)).toEqual(whole(expect.stringMatching(/^root ::= root-free\n/)));
  });

  it('is none where nothing is constrained', () => {
    expect(printStructuralTag({ openings: [], stops: [], ends: [] })).toBeUndefined();
  });
});
