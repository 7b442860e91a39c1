import { describe, expect, it } from 'vitest';
import type { AppError } from '../../base/errors.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Sampling } from '../../chat/request.ts';
import { compileGrammar } from '../../grammar/automaton.ts';
import type { Constraint } from '../../grammar/constraint.ts';
import { free, type GrammarNode, repeat, sequence, set, special, text } from '../../grammar/grammar.ts';
import { Generation } from './generation.ts';
import type { TokenTable } from './token-table.ts';

const end = 256;
const call = 257;
const turn = 258;
const unused = 259;
const size = 260;
const spellings = new Map([
  [end, '<|end|>'],
  [call, '<|call|>'],
  [turn, '<|turn|>'],
]);

/** A token for each byte, one end token, two other special ones, an unused one. */
const tokens: TokenTable = {
  size,
  bytes: (id) => (id < 256 ? Uint8Array.of(id) : new Uint8Array(0)),
  special: (id) => spellings.get(id),
  isEnd: (id) => id === end,
  ends: [end],
  idOf: (spelling) => [...spellings].find(([, known]) => known === spelling)?.[0],
  controls: [...spellings.values()],
  userDefined: [],
};

interface Wish {
  readonly root?: GrammarNode;
  readonly stops?: Constraint['stops'];
  readonly ends?: Constraint['ends'];
  readonly sampling?: Sampling;
}

/** Lets a model that wants to say `wanted` (token ids, or the bytes of a text) answer greedily. */
function answer(wanted: string | readonly number[], { root, stops = [], ends = [], sampling = {} }: Wish = {}) {
  const pieces: Piece[] = [];
  let error: AppError | undefined;
  const cursor = root === undefined ? {} : { cursor: compileGrammar({ root, rules: {} }).start() };
  const generation = new Generation(
    { prompt: Int32Array.of(1, 2), stops, ends, sampling: { temperature: 0, ...sampling }, ...cursor },
    tokens,
    {
      piece: (piece) => pieces.push(piece),
      fail: (thrown) => {
        error = thrown;
      },
    },
  );
  const ids = typeof wanted === 'string' ? [...Buffer.from(wanted)] : wanted;
  let goesOn = generation.begin(1);
  for (let at = 0; goesOn && at < 100; at++) {
    const logits = Float32Array.from({ length: size }, (_, id) => (id === (ids[at] ?? end) ? 9 : -id / 1000));
    goesOn = generation.next(logits, at === 50) !== undefined;
  }
  const said = pieces.map((piece) => (piece.special === undefined ? piece.text : `[${piece.special}]`)).join('');
  return { said, last: pieces.at(-1), pieces, error };
}

describe('Generation', () => {
  it('ends at an end token, which is counted and never shown', () => {
    const { said, last, pieces } = answer('hi');
    expect(said).toBe('hi');
    expect(last).toMatchObject({ text: '', end: 'stop', tokens: 1 });
    expect(last?.usage).toEqual({ promptTokens: 2, completionTokens: 3, cachedTokens: 1 });
    expect(pieces.reduce((sum, piece) => sum + piece.tokens, 0)).toBe(3);
  });

  it('ends at a token that ends the turn, and shows other special tokens as their own pieces', () => {
    expect(answer([104, call, 105, turn, 106], { ends: ['<|turn|>'] }).said).toBe('h[<|call|>]i');
    expect(answer([104, turn, 105]).said).toBe('h[<|turn|>]i');
  });

  it('ends with length at maxTokens, at once for none, and where the context ends', () => {
    expect(answer('hello', { sampling: { maxTokens: 3 } })).toMatchObject({ said: 'hel', last: { end: 'length' } });
    expect(answer('hello', { sampling: { maxTokens: 0 } })).toMatchObject({ said: '', last: { end: 'length' } });
    expect(answer('x'.repeat(90)).last?.usage?.completionTokens).toBe(51);
  });

  it('joins code points across tokens and shows broken ones as U+FFFD', () => {
    const { said, pieces } = answer('海€');
    expect(said).toBe('海€');
    expect(pieces.map((piece) => piece.tokens)).toEqual([3, 3, 1]);
    expect(answer([0xe6, 0xb5]).said).toBe('\ufffd');
    expect(answer([0xe6, call, 0x61]).said).toBe('\ufffd[<|call|>]a');
  });

  it('ends where the text contains a stop, also across tokens, but not across special ones', () => {
    expect(answer('abcdef', { stops: ['zz', 'cd'] })).toMatchObject({ said: 'abcd', last: { end: 'stop' } });
    expect(answer([99, call, 100], { stops: ['cd'] }).said).toBe('c[<|call|>]d');
  });

  it('says only what the grammar allows, and ends exactly where it ends', () => {
    expect(answer('no', { root: text('ok') })).toMatchObject({ said: 'ok', last: { end: 'stop', tokens: 1 } });
    const digits = repeat(set([0x30, 0x39]), 2, 4);
    expect(answer('12', { root: digits }).said).toBe('12');
    expect(answer('1x', { root: digits }).said).toMatch(/^1\d/);
    expect(answer([end, end, end], { root: digits }).said).toMatch(/^\d\d$/);
  });

  it('takes special tokens only where the grammar names them, never unused ones', () => {
    const root = sequence(text('a'), special('<|call|>'), text('b'));
    expect(answer([97, call, 98], { root }).said).toBe('a[<|call|>]b');
    expect(answer('a<|call|>b', { root }).said).toBe('a[<|call|>]b');
    expect(answer([call, call, call], { root: text('ab') }).said).toBe('ab');
    expect(answer([unused, 97], { root: free() }).said).not.toContain('undefined');
    expect(answer([unused], { root: text('a') }).said).toBe('a');
  });

  it('takes an end token as part of the answer where the grammar names it', () => {
    const root = sequence(text('a'), special('<|end|>'), text('b'));
    expect(answer([97, end, 98], { root }).said).toBe('a[<|end|>]b');
    const opening = free({ opening: { special: '<|turn|>' }, then: text('b') });
    expect(answer([97, turn, 98], { root: opening }).said).toBe('a[<|turn|>]b');
    expect(answer([97, turn, 98], { root: opening, ends: ['<|turn|>'] }).said).toBe('a');
  });

  it('tells of every token but the last how likely the model found it, in the piece that holds its text', () => {
    const told = answer([97, 0xe6, 0xb5, 0xb7, call, 98], { sampling: { topLogprobs: 2 } }).pieces;
    const spelled = told.map(({ text, special, logprobs }) => [
      special ?? text,
      logprobs?.map(({ token }) => token).join('|'),
    ]);
    expect(spelled).toEqual([
      ['a', 'a'],
      ['海', '\ufffd|\ufffd|\ufffd'],
      ['<|call|>', '<|call|>'],
      ['b', 'b'],
      ['', undefined],
    ]);
    for (const { token, logprob, top } of told.flatMap((piece) => piece.logprobs ?? [])) {
      expect(top).toHaveLength(2);
      expect(top[0]).toMatchObject({ token, logprob });
    }
    expect(answer('ab').pieces.some((piece) => piece.logprobs !== undefined)).toBe(false);
    expect(answer('ab', { sampling: { topLogprobs: 0 } }).pieces[0]?.logprobs?.[0]?.top).toEqual([]);
  });

  it('tells the same of forced tokens: the model is asked before bias and grammar', () => {
    const told = (wish: Wish) => answer('a', { ...wish, sampling: { topLogprobs: 1, ...wish.sampling } }).pieces[0];
    const free = told({})?.logprobs?.[0];
    const forced = told({ root: text('ok') })?.logprobs?.[0];
    expect(forced).toMatchObject({ token: 'o', top: [{ token: 'a', logprob: free?.logprob }] });
    expect(forced?.logprob).toBeLessThan(-5);
    const biased = told({ sampling: { logitBias: new Map([[111, 100]]), presencePenalty: 1 } })?.logprobs?.[0];
    expect(biased).toEqual(forced);
  });

  it('keeps the tokens of a broken code point with the special one that breaks it', () => {
    const told = answer([0xe6, call], { sampling: { topLogprobs: 0 } }).pieces;
    expect(
      told.map(({ text, special, tokens: count, logprobs }) => [special ?? text, count, logprobs?.length]),
    ).toEqual([
      ['\ufffd', 0, undefined],
      ['<|call|>', 2, 2],
      ['', 1, undefined],
    ]);
  });

  it('fails when the vocabulary cannot say what the grammar demands', () => {
    const { error, last } = answer('a', { root: special('<|unknown|>') });
    expect(error?.code).toBe('engine_protocol');
    expect(last).toBeUndefined();
  });

  it('ends at once where the grammar is already at its end', () => {
    expect(answer('a', { root: text('') })).toMatchObject({ said: '', last: { end: 'stop', tokens: 0 } });
  });
});
