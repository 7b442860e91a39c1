/** Waits until a started vLLM is well, learns what it serves, and proves what it can do. */

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomHex } from '../../base/clock.ts';
import { Bug, isAppError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { readFlags } from '../../fleet/backend-words.ts';
import { readJson } from '../../models/convert/read-json.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { readFailure, refusalError } from '../../wire/openai-chat/client-failure.ts';
import type { EngineAddress, EngineClient, Served, UrlAddress } from '../engine.ts';
import { createEngineHttp, type EngineHttp, type EngineHttpSettings } from '../http/engine-http.ts';
import { createConversation } from '../openai/conversation.ts';
import { readFolderTokens } from './added-tokens.ts';
import { GrammarBook } from './grammar-book.ts';
import { servedName } from './launch.ts';
import { proveAbilities } from './prove-abilities.ts';
import { createQuestions } from './questions.ts';
import { readTokenBytes } from './token-bytes.ts';
import { TokenTexts } from './token-texts.ts';
import { createTokenize } from './tokenize.ts';
import { type ClientParts, createGenerate, openClient } from './vllm-client.ts';

/** What it is asked with. */
export interface ConnectParts {
  readonly outbound: Pick<Outbound, 'request'>;
  readonly randomHex: RandomHex;
  readonly version: string;
}

/** For people: whose failure it is. */
const who = 'vLLM';
const retryMs = 500;

/** An engine that was started, and with what. */
export interface Started {
  readonly address: EngineAddress;
  readonly served: Served;
}

/** Resolves when the model is loaded and proven; throws the signal's reason once that aborts. */
export async function connectVllm(parts: ConnectParts, started: Started, signal: AbortSignal): Promise<EngineClient> {
  const ending = new AbortController();
  // Every question listens while it is open.
  setMaxListeners(0, ending.signal);
  const leave = (): void => ending.abort(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    signal.throwIfAborted();
    return await open(parts, started, ending);
  } catch (thrown) {
    ending.abort();
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

async function open(parts: ConnectParts, { address, served }: Started, ending: AbortController): Promise<EngineClient> {
  const { url, token } = toUrl(address);
  const access: Access = { baseUrl: url, headers: token === '' ? {} : { authorization: `Bearer ${token}` }, who };
  const http = createEngineHttp(parts.outbound, access);
  await untilWell(http, ending.signal);
  const questions = createQuestions(http, ending.signal);
  const folder = folderOf(served);
  const added = readFolderTokens(folder);
  const tokenize = await createTokenize({ encode: questions.encode, added, bos: await questions.bos() });
  const client: ClientParts = {
    http,
    added,
    tokenize,
    decode: questions.decode,
    texts: new TokenTexts(questions.decode, () => readTokenBytes(folder)),
    contextPerSlot: await questions.context(),
    vocabularySize: served.spec.vocabularySize,
    slots: served.wishes.parallel,
    ending,
  };
  const { eosToken } = served.spec;
  const grammars = new GrammarBook(added);
  const proof = { generate: createGenerate({ ...client, grammars }), tokenize, added, eosToken, signal: ending.signal };
  const abilities = await proveAbilities(proof);
  return openClient(abilities.wholeGrammar ? { ...client, grammars } : client, {
    abilities,
    device: describe(parts.version, abilities.wholeGrammar),
    chatAbilities: { tools: callsTools(served), images: hasVision(folder) },
    converse: createConversation(chatHttp(parts, access), {
      path: '/v1/chat/completions',
      who,
      model: servedName,
      newCallId: () => `chatcmpl-tool-${parts.randomHex(16)}`,
    }),
  });
}

type Access = Pick<EngineHttpSettings, 'baseUrl' | 'headers' | 'who'>;

/** A request that its chat refuses is the client's to mend: its words are passed on. */
function chatHttp({ outbound }: ConnectParts, access: Access): EngineHttp {
  const refusal = (status: number, text: string) => refusalError({ who, status, failure: readFailure(text) });
  return createEngineHttp(outbound, { ...access, refusal });
}

function describe(version: string, binds: boolean): string {
  return binds ? `vLLM ${version}` : `vLLM ${version}; grammars do not bind, so that calls are checked instead`;
}

function toUrl(address: EngineAddress): UrlAddress {
  if ('url' in address) return address;
  throw new Bug('vLLM listens on a port');
}

function folderOf({ spec }: Served): string {
  const [folder] = spec.files;
  if (folder === undefined) throw new Bug(`the model '${spec.name}' has no files`);
  return folder;
}

/** It listens only when the model is loaded, and says 503 when it cannot compute. */
async function untilWell(http: EngineHttp, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await http.get('/health', signal);
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isAppError(thrown) || thrown.kind !== 'engine') throw thrown;
    }
    await sleep(retryMs, undefined, { signal });
  }
}

/** Its own chat reads calls only where it was told how they look. */
function callsTools({ wishes }: Served): boolean {
  const names = readFlags(wishes.passed).map(({ name }) => name);
  return names.includes('enable-auto-tool-choice') && wishes.toolParser !== undefined;
}

function hasVision(folder: string): boolean {
  const config = readJson(folder, 'config.json') ?? {};
  return isObject(config['vision_config']) || isObject(config['visual']);
}
