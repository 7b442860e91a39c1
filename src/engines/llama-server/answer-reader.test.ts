import { describe, expect, it } from 'vitest';
import type { Piece } from '../../chat/piece.ts';
import { AnswerReader, type ReaderSettings } from './answer-reader.ts';
import type { ServerVocabulary } from './vocabulary.ts';

const controls = new Map([
  [1, '<|end|>'],
  [2, '<|start|>'],
]);
const vocabulary: ServerVocabulary = {
  size: 2_000,
  controls,
  userDefined: [],
  ends: new Set([1]),
  bos: undefined,
  prefixesBlank: false,
  idOf: () => undefined,
};

interface Told {
  readonly pieces: readonly Piece[];
  readonly hasEnded: boolean;
}

function read(events: readonly unknown[], changes: Partial<ReaderSettings> = {}): Told {
  const constraint = { stops: [], ends: [] };
  const reader = new AnswerReader({ vocabulary, constraint, ...changes });
  const pieces = events.flatMap((event) => (reader.hasEnded ? [] : reader.push(JSON.stringify(event))));
  return { pieces, hasEnded: reader.hasEnded };
}

const token = (id: number, content: string, predicted: number, more = {}) => ({
  ...{ content, tokens: [id], stop: false, tokens_predicted: predicted },
  ...more,
});
const end = (stopType: string, predicted: number, more = {}) => ({
  ...{ content: '', tokens: [], stop: true, stop_type: stopType, tokens_predicted: predicted },
  ...more,
});
const usage = (completionTokens: number, cachedTokens = 0) => ({ promptTokens: 0, completionTokens, cachedTokens });

describe('AnswerReader', () => {
  it('tells text, special tokens and the end, and counts every token once', () => {
    const events = [
      { content: '', tokens: [], stop: false, tokens_predicted: 0 },
      token(50, 'a', 1),
      token(2, '<|start|>', 2),
      token(51, '<|start|>', 5),
      token(1, '<|end|>', 6),
      end('eos', 6, { timings: { cache_n: 2 } }),
    ];
    expect(read(events)).toEqual({
      pieces: [
        { text: 'a', tokens: 1 },
        { text: '', special: '<|start|>', tokens: 1 },
        { text: '<|start|>', tokens: 3 },
        { text: '', tokens: 1, end: 'stop', usage: usage(6, 2) },
      ],
      hasEnded: true,
    });
  });

  it('tells bytes that a special token or the limit cut off', () => {
    expect(read([token(2, '\ufffd<|start|>', 2), end('limit', 3)]).pieces).toEqual([
      { text: '\ufffd', tokens: 0 },
      { text: '', special: '<|start|>', tokens: 2 },
      { text: '\ufffd', tokens: 1, end: 'length', usage: usage(3) },
    ]);
    expect(read([token(1, '\ufffd<|end|>', 2), end('eos', 2)]).pieces).toEqual([
      { text: '\ufffd', tokens: 0 },
      { text: '', tokens: 2, end: 'stop', usage: usage(2) },
    ]);
  });

  it('keeps tokens without text for the next piece', () => {
    expect(read([token(60, '', 1), token(61, 'b', 2), end('limit', 2)]).pieces).toEqual([
      { text: 'b', tokens: 2 },
      { text: '', tokens: 0, end: 'length', usage: usage(2) },
    ]);
  });

  it('ends at a text that is split over tokens, and at a special token that ends the turn', () => {
    const stops = { constraint: { stops: ['ZEBRA'], ends: [] } };
    const split = [token(50, 'a ZEB', 1), token(51, 'RA b', 2), token(52, 'c', 3)];
    expect(read(split, stops)).toEqual({
      pieces: [
        { text: 'a ZEB', tokens: 1 },
        { text: 'RA b', tokens: 1, end: 'stop', usage: usage(2) },
      ],
      hasEnded: true,
    });
    const ends = { constraint: { stops: [], ends: ['<|start|>'] } };
    expect(read([token(50, 'a', 1), token(2, '<|start|>', 2)], ends).pieces.at(-1)).toEqual({
      ...{ text: '', tokens: 1, end: 'stop', usage: usage(2) },
    });
  });

  it('tells log probabilities of the tokens it was told of, but not of the one that ended', () => {
    const logprob = (text: string, value: number) => ({ bytes: [...Buffer.from(text)], logprob: value });
    const drawn = (text: string) => ({
      completion_probabilities: [
        { ...logprob(text, -0.5), top_logprobs: [logprob('x', 1e-9), logprob('\ud800', -1e39), logprob('z', -3)] },
      ],
    });
    const events = [token(50, 'a', 1, drawn('a')), token(2, '', 2, drawn('')), token(1, '', 3, drawn(''))];
    const { pieces } = read([...events, end('eos', 3)], { topLogprobs: 2 });
    const top = [
      { token: 'x', bytes: [120], logprob: 0 },
      { token: '\ufffd', bytes: [239, 191, 189], logprob: -9_999 },
    ];
    const special = { token: '<|start|>', bytes: [...Buffer.from('<|start|>')], logprob: -0.5, top };
    expect(pieces.map(({ logprobs }) => logprobs)).toEqual([
      [{ token: 'a', bytes: [97], logprob: -0.5, top }],
      [special],
      undefined,
    ]);
  });

  it.each<readonly [string, string]>([
    ['no JSON', '{'],
    ['no object', '[1]'],
    ['no text', '{"tokens":[5],"tokens_predicted":1,"content":5}'],
    ['no ids', '{"tokens":"5","content":""}'],
    ['an id that is none', '{"tokens":[1.5],"content":""}'],
    ['an id out of reach', '{"tokens":[1e300],"content":""}'],
    ['no count', '{"tokens":[5],"content":"a"}'],
    ['no reason', '{"stop":true,"tokens_predicted":1}'],
    ['a strange reason', '{"stop":true,"stop_type":"none","tokens_predicted":1}'],
    ['an error of its own', '{"error":{"message":"boom"}}'],
    [
      'log probabilities that are none',
      '{"tokens":[5],"content":"a","tokens_predicted":1,"completion_probabilities":[7]}',
    ],
  ])('refuses %s', (_, data) => {
    const constraint = { stops: [], ends: [] };
    const reader = new AnswerReader({ vocabulary, constraint, topLogprobs: 1 });
    expect(() => reader.push(data)).toThrow(expect.objectContaining({ code: 'engine_protocol' }));
  });
});
