/** A byte-level BPE tokenizer from tokenizer.json, or from vocab.json and merges.txt. */

import { isObject } from '../../base/json.ts';
import { recognisePreTokenizer } from './pre-tokenizer.ts';
import { readJson, readText } from './read-json.ts';
import { ForOtherEngines, Unconvertible } from './unconvertible.ts';

/** A token that was added to the trained ones; `isSpecial` ones are no text. */
export interface AddedToken {
  readonly id: number;
  readonly text: string;
  readonly isSpecial: boolean;
}

/** What a tokenizer is made of. */
export interface TokenizerParts {
  /** llama.cpp's name for how text is split. */
  readonly preTokenizer: string;
  /** Trained tokens by id, in the letters that stand for bytes. */
  readonly trained: ReadonlyMap<number, string>;
  readonly added: readonly AddedToken[];
  /** `left right`, the strongest first. */
  readonly merges: readonly string[];
  /** The special token that begins every text, if one does. */
  readonly firstToken?: string;
}

const mostTokens = 4_000_000;

/** Reads it; `settings` is the tokenizer_config.json. Throws Unconvertible. */
export function readTokenizer(folder: string, settings: Record<string, unknown>): TokenizerParts {
  const whole = readJson(folder, 'tokenizer.json');
  return whole === undefined ? readSeparate(folder, settings) : readWhole(whole);
}

/** The added tokens of any kind of tokenizer: the settings' own list where they have one, as the other file is large. */
export function readAddedTokens(folder: string, settings: Record<string, unknown>): AddedToken[] {
  if (isObject(settings['added_tokens_decoder'])) return decoderTokens(settings);
  const whole = readJson(folder, 'tokenizer.json');
  return whole === undefined ? [] : listedTokens(whole);
}

/** How a token is spelt in settings: as text, or as an object with its properties. */
export function spelling(value: unknown): string | undefined {
  const text = isObject(value) ? value['content'] : value;
  return typeof text === 'string' ? text : undefined;
}

function listedTokens({ added_tokens: list }: Record<string, unknown>): AddedToken[] {
  return Array.isArray(list) ? list.map((item: unknown) => readAdded(item)) : [];
}

function decoderTokens({ added_tokens_decoder: decoder }: Record<string, unknown>): AddedToken[] {
  return Object.entries(isObject(decoder) ? decoder : {}).map(([id, item]) =>
    readAdded(isObject(item) ? { ...item, id: Number(id) } : undefined),
  );
}

function readWhole(tokenizer: Record<string, unknown>): TokenizerParts {
  const preTokenizer = recognisePreTokenizer(tokenizer);
  const model = isObject(tokenizer['model']) ? tokenizer['model'] : {};
  const added = listedTokens(tokenizer);
  const firstToken = readFirstToken(tokenizer['post_processor']);
  const trained = readVocabulary(model['vocab'], 'tokenizer.json');
  const merges = readMerges(model['merges']);
  return { preTokenizer, trained, added, merges, ...(firstToken !== undefined && { firstToken }) };
}

function readSeparate(folder: string, settings: Record<string, unknown>): TokenizerParts {
  const vocabulary = readJson(folder, 'vocab.json');
  const text = readText(folder, 'merges.txt');
  if (vocabulary === undefined || text === undefined) throw new Unconvertible('it has no tokenizer.json');
  // These files do not say how text is split; only one family ships them.
  if (!/^Qwen2Tokenizer(Fast)?$/.test(String(settings['tokenizer_class'])))
    throw new ForOtherEngines('it has no tokenizer.json, and its tokenizer is not that of Qwen');
  const lines = text.split(/\r?\n/).filter((line, at) => line !== '' && !(at === 0 && line.startsWith('#version')));
  const added = decoderTokens(settings);
  const trained = readVocabulary(vocabulary, 'vocab.json');
  return { preTokenizer: 'qwen2', trained, added, merges: readMerges(lines) };
}

function readAdded(item: unknown): AddedToken {
  const { id, content, special } = isObject(item) ? item : {};
  if (!isTokenId(id) || typeof content !== 'string')
    throw new Unconvertible('its tokenizer has an added token that is none');
  return { id, text: content, isSpecial: special === true };
}

function readVocabulary(value: unknown, file: string): Map<number, string> {
  const byId = new Map<number, string>();
  for (const [text, id] of Object.entries(isObject(value) ? value : {})) {
    if (!isTokenId(id) || byId.has(id))
      throw new Unconvertible(`its ${file} gives '${text.slice(0, 50)}' an impossible number`);
    byId.set(id, text);
  }
  if (byId.size === 0) throw new Unconvertible(`its ${file} has no vocabulary`);
  return byId;
}

/** Pairs are written with a blank between them, or as two since transformers 4.45. */
function readMerges(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.map((item) => {
    const text: unknown = Array.isArray(item) ? item.join(' ') : item;
    if (typeof text !== 'string' || !/^[^ ]+ [^ ]+$/.test(text))
      throw new Unconvertible('its tokenizer has a merge that is none');
    return text;
  });
}

/** A template of the post-processor that begins with a special token puts it before every text. */
function readFirstToken(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const inner: unknown = value['type'] === 'Sequence' ? value['processors'] : [value];
  for (const step of Array.isArray(inner) ? inner : []) {
    const single: unknown = isObject(step) && step['type'] === 'TemplateProcessing' ? step['single'] : undefined;
    const first: unknown = Array.isArray(single) ? single[0] : undefined;
    const token = isObject(first) ? first['SpecialToken'] : undefined;
    if (isObject(token) && typeof token['id'] === 'string') return token['id'];
  }
  return undefined;
}

function isTokenId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < mostTokens;
}
