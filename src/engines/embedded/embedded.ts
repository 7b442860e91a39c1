/** The embedded engine: llama.cpp's libraries in a process of their own, spoken to over a socket. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Bug, ConfigError } from '../../base/errors.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import { text as grammarText, sequence, special } from '../../grammar/grammar.ts';
import type { LaunchPlan } from '../../runtime/launch-plan.ts';
import type { Abilities, Engine, EngineAddress, EngineClient, Slot, SocketAddress } from '../engine.ts';
import { chooseGpu } from './choose-gpu.ts';
import { type Channel, openChannel } from './client.ts';
import type { GpuLibraries } from './gpu-libraries.ts';
import { packageVersion } from './library-version.ts';
import { readWishes } from './parameters.ts';
import { type EngineSettings, maxSlots } from './settings.ts';

/** The engine that needs nothing installed but our own packages; `installed` tells which libraries for GPUs there are now. */
export function createEmbeddedEngine(installed: () => readonly GpuLibraries[]) {
  return {
    name: 'embedded',
    version: `llama.cpp ${packageVersion}`,
    weights: 'gguf',
    listens: 'socket',
    get usesGpu(): boolean {
      return installed().length > 0;
    },
    readWishes,
    plan: (spec, slot) => planEngine(spec, slot, installed()),
    async connect(address: EngineAddress, signal: AbortSignal): Promise<EngineClient> {
      const prove = (channel: Channel) => proveAbilities(channel, signal);
      return toClient(...(await openChannel(toSocket(address), signal, prove)));
    },
  } satisfies Engine;
}

/** The same where nothing was installed besides. */
export const embeddedEngine = createEmbeddedEngine(() => []);

function planEngine(spec: ModelSpec, slot: Slot, installed: readonly GpuLibraries[]): LaunchPlan {
  const chosen = chooseGpu(slot, installed);
  if (slot.parallel > maxSlots)
    throw new ConfigError('invalid_config', `--parallel ${slot.parallel} is too much: at most ${maxSlots}.`);
  const settings: EngineSettings = {
    modelPath: firstFile(spec),
    contextSize: slot.contextSize ?? null,
    kvBytesPerToken: spec.kvBytesPerToken,
    slots: slot.parallel,
    threads: slot.threads ?? null,
    gpu: chosen?.settings ?? null,
    ...toSocket(slot.address),
  };
  return {
    command: process.execPath,
    arguments: [entryPath()],
    // A crash should end the process at once, not look for a debugger first. Native calls come one at a time:
    // a single worker thread stays warm for them.
    environment: {
      ...slot.environment,
      ...chosen?.environment,
      ...{ GGML_NO_BACKTRACE: '1', UV_THREADPOOL_SIZE: '1', NODE_OPTIONS: undefined },
    },
    input: `${JSON.stringify(settings)}\n`,
  };
}

function toSocket(address: EngineAddress): SocketAddress {
  if ('socketPath' in address) return address;
  throw new Bug('the embedded engine listens on sockets');
}

/** The process's program beside this one; from sources (tests) the built one. */
function entryPath(): string {
  const beside = fileURLToPath(new URL('./engine-process.js', import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL('../../../dist/engines/embedded/engine-process.js', import.meta.url));
}

function firstFile({ files, name }: ModelSpec): string {
  const [first] = files;
  if (first === undefined) throw new Bug(`the model '${name}' has no files`);
  return first;
}

function toClient(channel: Channel, abilities: Abilities): EngineClient {
  return {
    abilities,
    device: channel.greeting.device,
    contextPerSlot: channel.greeting.contextPerSlot,
    closed: channel.closed,
    tokenize: (prompt) => channel.tokenize(prompt),
    generate: (request) => channel.generate(request),
    stats: () => channel.stats(),
    close: () => channel.close(),
  };
}

/** What needs no proof: it is our own. */
const others = { tokenIds: true, logprobs: true } as const;

/** Small answers whose every token a grammar dictates show what this model and library can do. */
async function proveAbilities(channel: Channel, signal: AbortSignal): Promise<Abilities> {
  const spelling = channel.greeting.special;
  const tokens = await channel.tokenize([{ text: 'ok', trusted: true }]);
  const wholeGrammar = (await dictate(channel, { tokens, root: grammarText('ok') }, signal)) === 'ok';
  if (spelling === undefined) return { wholeGrammar, specialTokens: false, ...others };
  const letters = await channel.tokenize([{ text: spelling, trusted: false }]);
  const token = await channel.tokenize([{ text: spelling, trusted: true }]);
  const told = await dictate(channel, { tokens, root: sequence(grammarText('o'), special(spelling)) }, signal);
  const specialTokens = told === `o(${spelling})` && token.length < letters.length;
  return { wholeGrammar, specialTokens, ...others };
}

async function dictate(
  channel: Channel,
  { tokens, root }: { readonly tokens: Int32Array; readonly root: Grammar['root'] },
  signal: AbortSignal,
): Promise<string> {
  const constraint = { grammar: { root, rules: {} }, openings: [], stops: [], ends: [] };
  const sampling = { temperature: 0, maxTokens: 16 };
  let answer = '';
  for await (const piece of channel.generate({ tokens, constraint, sampling, signal }))
    answer += piece.special === undefined ? piece.text : `(${piece.special})`;
  return answer;
}
