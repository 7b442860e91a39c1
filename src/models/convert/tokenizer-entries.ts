/** A checkpoint's tokenizer and chat template as the metadata of a GGUF file. */

import { readChatTemplates } from './chat-templates.ts';
import type { MetadataEntry } from './gguf-header.ts';
import type { ModelConfig } from './model-config.ts';
import { readJson } from './read-json.ts';
import { type AddedToken, readTokenizer, spelling, type TokenizerParts } from './tokenizer-files.ts';
import { Unconvertible } from './unconvertible.ts';

/** `tokenizer.ggml.token_type` (llama.cpp, include/llama.h). */
const tokenType = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

/** What llama.cpp ends an answer at by its spelling (src/llama-vocab.cpp); others have to be stated. */
const knownEnds = ['<|eot_id|>', '<|im_end|>', '<|end|>', '<|endoftext|>', '<|end_of_text|>', '<|eom_id|>', '</s>'];

type Settings = Record<string, unknown>;

/** Reads the tokenizer's files; throws Unconvertible. */
export function tokenizerEntries(folder: string, config: ModelConfig): MetadataEntry[] {
  const settings = readJson(folder, 'tokenizer_config.json') ?? {};
  const parts = readTokenizer(folder, settings);
  const { texts, types } = listTokens(parts, config.vocabulary);
  return [
    ['tokenizer.ggml.model', { text: 'gpt2' }],
    ['tokenizer.ggml.pre', { text: parts.preTokenizer }],
    ['tokenizer.ggml.tokens', { texts }],
    ['tokenizer.ggml.token_type', { i32s: types }],
    ['tokenizer.ggml.merges', { texts: parts.merges }],
    ...specialEntries({ folder, settings, parts, config, texts }),
    ...templateEntries(folder, settings),
  ];
}

/** Every id up to the model's vocabulary has a token; those that the tokenizer lacks are never written. */
function listTokens({ trained, added }: TokenizerParts, size: number): { texts: string[]; types: number[] } {
  if ([...trained.keys(), ...added.map(({ id }) => id)].some((id) => id >= size))
    throw new Unconvertible(`its tokenizer has more tokens than the ${size} of its config.json`);
  const texts = Array.from({ length: size }, (_, id) => trained.get(id) ?? `[PAD${id}]`);
  const types = texts.map((_, id): number => (trained.has(id) ? tokenType.normal : tokenType.unused));
  for (const token of added) {
    texts[token.id] = token.text;
    types[token.id] = isControl(token) ? tokenType.control : tokenType.userDefined;
  }
  // llama.cpp ends the process at two tokens of one spelling.
  if (new Set(texts).size !== size) throw new Unconvertible('its tokenizer spells two tokens alike');
  return { texts, types };
}

/** Some checkpoints forget to say of `<|…|>` that it is special. */
function isControl({ text, isSpecial }: AddedToken): boolean {
  return isSpecial || /^<[|｜].*[|｜]>$/s.test(text);
}

interface World {
  readonly folder: string;
  readonly settings: Settings;
  readonly parts: TokenizerParts;
  readonly config: ModelConfig;
  readonly texts: readonly string[];
}

function specialEntries({ folder, settings, parts, config, texts }: World): MetadataEntry[] {
  const idOf = (key: string, otherwise: number | undefined): number | undefined => {
    const text = spelling(settings[key]);
    const id = text === undefined ? otherwise : (parts.added.find((token) => token.text === text)?.id ?? otherwise);
    return id !== undefined && id < config.vocabulary ? id : undefined;
  };
  const bos = idOf('bos_token', config.bosTokenId);
  const eos = idOf('eos_token', config.eosTokenId);
  const pad = idOf('pad_token', config.padTokenId);
  const other = otherEnd(folder, eos, texts);
  const stated = settings['add_bos_token'];
  const isBosFirst = bos !== undefined && parts.firstToken === texts[bos];
  return [
    ...idEntry('bos', bos),
    ...idEntry('eos', eos),
    ...idEntry('padding', pad),
    ...idEntry('eot', other),
    ['tokenizer.ggml.add_bos_token', { bool: typeof stated === 'boolean' ? stated : isBosFirst }],
  ];
}

function idEntry(name: string, id: number | undefined): MetadataEntry[] {
  return id === undefined ? [] : [[`tokenizer.ggml.${name}_token_id`, { u32: id }]];
}

/** An end of answers in generation_config.json that nothing else tells of. */
function otherEnd(folder: string, eos: number | undefined, texts: readonly string[]): number | undefined {
  const ends: unknown = readJson(folder, 'generation_config.json')?.['eos_token_id'];
  const list: unknown[] = Array.isArray(ends) ? ends : [ends];
  return list
    .filter((id) => typeof id === 'number')
    .find((id) => id !== eos && texts[id] !== undefined && !knownEnds.includes(texts[id]));
}

function templateEntries(folder: string, settings: Settings): MetadataEntry[] {
  const { usual, forTools } = readChatTemplates(folder, settings);
  return [
    ...(usual === undefined ? [] : [['tokenizer.chat_template', { text: usual }] satisfies MetadataEntry]),
    ...(forTools === undefined
      ? []
      : [['tokenizer.chat_template.tool_use', { text: forTools }] satisfies MetadataEntry]),
  ];
}
