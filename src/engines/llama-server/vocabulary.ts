/** What llama-server's model takes for special tokens, found out by asking. */

import { isObject, type JsonObject } from '../../base/json.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { EngineHttp } from '../http/engine-http.ts';
import { readIds, readObject, wrong } from './answers.ts';

/** Special tokens, and how the tokenizer treats texts. */
export interface ServerVocabulary {
  readonly size: number;
  /** Spellings of control tokens by their ids: those that text never becomes. */
  readonly controls: ReadonlyMap<number, string>;
  /** Spellings that become a token in any text. */
  readonly userDefined: readonly string[];
  /** Tokens that end an answer. */
  readonly ends: ReadonlySet<number>;
  /** The token every prompt must begin with, if the model wants one. */
  readonly bos: number | undefined;
  /** Does the tokenizer put a blank before each text? */
  readonly prefixesBlank: boolean;
  /** The id of a control token. */
  idOf(spelling: string): number | undefined;
}

/** Asks for the ids of texts, each list by itself. */
export type AskIds = (
  texts: readonly string[],
  options: { readonly parseSpecial: boolean; readonly signal: AbortSignal },
) => Promise<readonly (readonly number[])[]>;

/** Stands between the texts of one question: no token has this id, and it comes back as it is. */
const border = -1;

/** Texts are tokenised one by one, however many a question holds. */
export function createAskIds(http: EngineHttp): AskIds {
  return async (texts, { parseSpecial, signal }) => {
    if (texts.length === 0) return [];
    const content = texts.flatMap((text) => [text, border]);
    const body = { content, parse_special: parseSpecial, add_special: false };
    const ids = readIds(readObject(await http.post('/tokenize', body, signal), '/tokenize')['tokens'], '/tokenize');
    const lists: number[][] = [[]];
    for (const id of ids) {
      if (id === border) lists.push([]);
      else lists.at(-1)?.push(id);
    }
    if (lists.length !== texts.length + 1) throw wrong('/tokenize', `not ${texts.length} lists`, ids.length);
    return lists.slice(0, -1);
  };
}

/** Reads it in a handful of questions. */
export async function readVocabulary(
  http: EngineHttp,
  spec: ModelSpec,
  signal: AbortSignal,
): Promise<ServerVocabulary> {
  const askIds = createAskIds(http);
  const spellings = [...new Set([...spec.specialTokens, spec.bosToken, spec.eosToken])].filter((text) => text !== '');
  const tokens = await askIds(spellings, { parseSpecial: true, signal });
  const letters = await askIds(spellings, { parseSpecial: false, signal });
  const controls = new Map<number, string>();
  const userDefined: string[] = [];
  for (const [index, spelling] of spellings.entries()) {
    const [id, ...more] = tokens[index] ?? [];
    if (id === undefined || more.length > 0) continue;
    if (letters[index]?.length === 1 && letters[index][0] === id) userDefined.push(spelling);
    else controls.set(id, spelling);
  }
  const ids = new Map([...controls].map(([id, spelling]) => [spelling, id]));
  const start = ids.get(spec.bosToken);
  return {
    size: spec.vocabularySize,
    controls,
    userDefined,
    ends: new Set(await askEnds(http, signal)),
    bos: start !== undefined && (await beginsWith(http, start, signal)) ? start : undefined,
    prefixesBlank: await prefixesBlank(http, signal),
    idOf: (spelling) => ids.get(spelling),
  };
}

async function tokenize(http: EngineHttp, body: JsonObject, signal: AbortSignal): Promise<readonly unknown[]> {
  const { tokens } = readObject(await http.post('/tokenize', body, signal), '/tokenize');
  if (!Array.isArray(tokens)) throw wrong('/tokenize', 'no list of tokens', tokens);
  return tokens;
}

async function beginsWith(http: EngineHttp, id: number, signal: AbortSignal): Promise<boolean> {
  return (await tokenize(http, { content: 'a', add_special: true }, signal))[0] === id;
}

async function prefixesBlank(http: EngineHttp, signal: AbortSignal): Promise<boolean> {
  const [first] = await tokenize(http, { content: 'a', add_special: false, with_pieces: true }, signal);
  return isObject(first) && typeof first['piece'] === 'string' && /^[ ▁]/.test(first['piece']);
}

/** To ignore the ends is to forbid each: so a request that does tells which they are. */
async function askEnds(http: EngineHttp, signal: AbortSignal): Promise<readonly number[]> {
  const field = 'generation_settings/logit_bias';
  const prompt = await tokenize(http, { content: 'a', add_special: false }, signal);
  const body = { prompt: readIds(prompt, '/tokenize'), n_predict: 0, ignore_eos: true, response_fields: [field] };
  const { [field]: biases } = readObject(await http.post('/completion', body, signal), '/completion');
  if (!Array.isArray(biases)) throw wrong('/completion', 'no list of biases', biases);
  return readIds(
    biases.map((bias: unknown) => (isObject(bias) ? bias['token'] : undefined)),
    '/completion',
  );
}
