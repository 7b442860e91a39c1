/** Connects to a started llama-server: waits for the model, learns its vocabulary, and tries what it can do. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomHex } from '../../base/clock.ts';
import { ConfigError, isAppError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import { text as grammarText, sequence, special } from '../../grammar/grammar.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { readFailure, refusalError } from '../../wire/openai-chat/client-failure.ts';
import type { Abilities, EngineClient, Served, UrlAddress } from '../engine.ts';
import { createEngineHttp, type EngineHttp, ownConnection } from '../http/engine-http.ts';
import { createConversation } from '../openai/conversation.ts';
import { readInteger, readObject } from './answers.ts';
import { createClient, type ServerFacts, type WatchedFacts } from './client.ts';
import { readVocabulary } from './vocabulary.ts';
import { watchServer } from './watch.ts';

const who = 'llama-server';
const retryMs = 50;
const healthTimeoutMs = 2_000;

/** What it is asked with. */
export interface ConnectParts {
  readonly outbound: Pick<Outbound, 'request'>;
  readonly randomHex: RandomHex;
}

/** Resolves when it is ready and proven; if `signal` aborts or anything fails, nothing stays open. */
export async function connectLlamaServer(
  { outbound, randomHex }: ConnectParts,
  { address, served }: { readonly address: UrlAddress; readonly served: Served },
  signal: AbortSignal,
): Promise<EngineClient> {
  const { spec, wishes } = served;
  const { url, token } = address;
  const headers = { ...ownConnection, ...(token !== '' && { authorization: `Bearer ${token}` }) };
  const settings = { baseUrl: url.replace(/\/$/, ''), headers, who };
  const http = createEngineHttp(outbound, settings);
  // A request that its chat refuses is the client's to mend: its words are passed on.
  const refusal = (status: number, text: string) => refusalError({ who, status, failure: readFailure(text) });
  const newCallId = () => `chatcmpl-tool-${randomHex(16)}`;
  await waitUntilReady(http, signal);
  const props = readProps(await http.get('/props', signal).catch(explainOld));
  const vocabulary = await readVocabulary(http, spec, signal).catch(explainOld);
  const conversation = { path: '/v1/chat/completions', who, model: spec.name, newCallId };
  const watch = watchServer(http);
  const facts: WatchedFacts = {
    device: wishes.gpu === 'off' ? `${props.build}, processor only` : props.build,
    ...props,
    vocabulary,
    chat: {
      abilities: { tools: !wishes.passed.includes('--no-jinja'), images: props.hasVision },
      converse: createConversation(createEngineHttp(outbound, { ...settings, refusal }), conversation),
    },
    watch,
  };
  try {
    const abilities = await prove(http, facts, signal);
    signal.throwIfAborted();
    return createClient(http, facts, abilities);
  } catch (thrown) {
    watch.close();
    throw thrown;
  }
}

/** Whoever started it knows when it has ended, and aborts. */
async function waitUntilReady(http: EngineHttp, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await http.get('/health', signal, healthTimeoutMs);
      return;
    } catch {
      signal.throwIfAborted();
    }
    await sleep(retryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** GPUStack's llama-box is one: it has no `/props`, takes no token ids, and tells none. */
function explainOld(thrown: unknown): never {
  if (!isAppError(thrown) || thrown.code !== 'engine_protocol') throw thrown;
  const message =
    'This program lacks what is needed of a llama-server: it is too old, or a llama-box. ' +
    'Install a llama-server of this year, or let the embedded engine run the model (backend: embedded).';
  throw new ConfigError('invalid_config', message, { cause: thrown, internal: thrown.detail.internal ?? '' });
}

interface ServerProps extends Pick<ServerFacts, 'slots' | 'contextPerSlot'> {
  readonly build: string;
  readonly hasVision: boolean;
}

function readProps(text: string): ServerProps {
  const props = readObject(text, '/props');
  const { default_generation_settings: settings, modalities, build_info: build } = props;
  return {
    slots: readInteger(props['total_slots'], '/props total_slots'),
    contextPerSlot: readInteger(isObject(settings) ? settings['n_ctx'] : undefined, '/props n_ctx'),
    build: typeof build === 'string' ? `llama-server ${build.slice(0, 100)}` : 'llama-server',
    hasVision: isObject(modalities) && modalities['vision'] === true,
  };
}

/** Small answers whose every token a grammar dictates. */
async function prove(http: EngineHttp, facts: WatchedFacts, signal: AbortSignal): Promise<Abilities> {
  const assumed = { wholeGrammar: true, specialTokens: true, tokenIds: true, logprobs: true };
  const client = createClient(http, facts, assumed);
  const plain = await dictate(client, grammarText('ok'), signal);
  const abilities = { ...assumed, wholeGrammar: plain.said === 'ok', logprobs: plain.hasLogprobs };
  const { controls, ends } = facts.vocabulary;
  const spelling = [...controls].find(([id]) => !ends.has(id))?.[1];
  if (spelling === undefined) return { ...abilities, specialTokens: false };
  const letters = await client.tokenize([{ text: spelling, trusted: false }]);
  const token = await client.tokenize([{ text: spelling, trusted: true }]);
  const { said } = await dictate(client, sequence(grammarText('o'), special(spelling)), signal);
  return { ...abilities, specialTokens: said === `o(${spelling})` && token.length < letters.length };
}

async function dictate(
  client: EngineClient,
  root: Grammar['root'],
  signal: AbortSignal,
): Promise<{ readonly said: string; readonly hasLogprobs: boolean }> {
  const tokens = await client.tokenize([{ text: 'ok', trusted: true }]);
  const constraint = { grammar: { root, rules: {} }, openings: [], stops: [], ends: [] };
  const sampling = { temperature: 0, maxTokens: 16, topLogprobs: 1 };
  let said = '';
  let hasLogprobs = false;
  for await (const piece of client.generate({ tokens, constraint, sampling, signal })) {
    said += piece.special === undefined ? piece.text : `(${piece.special})`;
    hasLogprobs ||= piece.logprobs?.[0]?.top.length === 1;
  }
  return { said, hasLogprobs };
}
