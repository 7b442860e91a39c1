/** Which of llama.cpp's pre-tokenizers splits text as a tokenizer.json says; one that is not known is refused, never guessed. */

import { isObject } from '../../base/json.ts';
import { ForOtherEngines } from './unconvertible.ts';

type Json = Record<string, unknown>;

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const words = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const others = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const llama3 = `${contractions}|${words}|\\p{N}{1,3}|${others}`;
const qwen2 = `${contractions}|${words}|\\p{N}|${others}`;

/** Its name for `tokenizer.ggml.pre`; throws ForOtherEngines. */
export function recognisePreTokenizer(tokenizer: Json): string {
  refuseOtherModels(tokenizer);
  const pattern = splitPattern(tokenizer['pre_tokenizer']);
  const { model } = tokenizer;
  const takesWholeWords = isObject(model) && model['ignore_merges'] === true;
  // The two differ in one thing: whether a word that is a token is taken as it is (llama.cpp, src/llama-vocab.cpp).
  if (pattern === llama3) return takesWholeWords ? 'llama-bpe' : 'smaug-bpe';
  if (pattern === qwen2 && !takesWholeWords) return 'qwen2';
  throw new ForOtherEngines(
    `its tokenizer splits text in a way that is not known here (${JSON.stringify(pattern).slice(0, 200)})`,
  );
}

function refuseOtherModels({ model, normalizer }: Json): void {
  if (!isObject(model) || (model['type'] ?? 'BPE') !== 'BPE' || model['byte_fallback'] === true)
    throw new ForOtherEngines('its tokenizer is not of the kind that Llama 3 and Qwen have (byte-level BPE)');
  if (model['continuing_subword_prefix'] || model['end_of_word_suffix'])
    throw new ForOtherEngines('its tokenizer marks parts of words, which no Llama 3 or Qwen does');
  // NFC is left out by llama.cpp too: it matters only to text that is not composed.
  const isKnown = normalizer == null || (isObject(normalizer) && normalizer['type'] === 'NFC');
  if (!isKnown) throw new ForOtherEngines('its tokenizer rewrites text before it splits it');
}

/** The one regular expression of a split that is followed by bytes as letters. */
function splitPattern(value: unknown): string {
  const steps: unknown = isObject(value) && value['type'] === 'Sequence' ? value['pretokenizers'] : [];
  const [split, bytes, ...rest]: unknown[] = Array.isArray(steps) ? steps : [];
  const isByteLevel =
    isObject(bytes) &&
    bytes['type'] === 'ByteLevel' &&
    bytes['use_regex'] === false &&
    bytes['add_prefix_space'] !== true;
  const isSplit =
    isObject(split) && split['type'] === 'Split' && split['behavior'] === 'Isolated' && split['invert'] !== true;
  if (!isSplit || !isByteLevel || rest.length > 0)
    throw new ForOtherEngines('its tokenizer is not of the kind that Llama 3 and Qwen have (a split, then bytes)');
  const { pattern } = split;
  const text = isObject(pattern) ? pattern['Regex'] : undefined;
  return typeof text === 'string' ? text : '';
}
