/** The engine without its socket: an open model, its vocabulary, and the scheduler over both. */

import type { Prompt } from '../../chat/prompt.ts';
import { compileGrammar } from '../../grammar/automaton.ts';
import { text } from '../../grammar/grammar.ts';
import { describeDevice, openLibrary } from './library.ts';
import { createDecoder } from './native-decoder.ts';
import type { NativeLogSink } from './native-log.ts';
import { type NativeModel, openModel } from './native-model.ts';
import { Scheduler } from './scheduler.ts';
import type { EngineSettings } from './settings.ts';
import type { TokenTable } from './token-table.ts';
import { createTokenize } from './tokenize.ts';

/** What sessions work with. */
export interface EngineCore {
  readonly tokens: TokenTable;
  readonly scheduler: Scheduler;
  /** For people: what it runs on. */
  readonly device: string;
  readonly contextPerSlot: number;
  tokenize(prompt: Prompt): Promise<Int32Array>;
}

/** Without a wish, contexts share this part of the memory that is free once the model is open. */
const memoryShare = 0.5;
/** Less context than this is of no use; if the memory does not reach, opening fails with the numbers. */
const leastContext = 2048;
/** Unless asked for more, no request gets more: most of a long context would only lie there. */
const mostContext = 32_768;

/** Loads everything; throws ConfigError. */
export async function openCore(settings: EngineSettings, log: NativeLogSink, onStep: () => void): Promise<EngineCore> {
  const { modelPath: path, gpu } = settings;
  const library = openLibrary(log.write, gpu);
  const model = await openModel(library, { path, gpu }, log.lastError);
  const contextPerSlot = settings.contextSize ?? defaultContext(model, settings);
  const creating = createDecoder(library, model, { slots: settings.slots, contextPerSlot, threads: settings.threads });
  creating.catch(() => {});
  const tokens = model.tokens();
  const tokenize = createTokenize(model.tokenizer());
  // The first mask sorts the whole vocabulary: no request should wait for that.
  compileGrammar({ root: text('ok'), rules: {} })
    .start()
    .allowed(tokens);
  const decoder = await creating;
  const device = describeDevice(library, decoder.threads, model.offload);
  return { tokens, tokenize, device, contextPerSlot, scheduler: new Scheduler(decoder, onStep) };
}

function defaultContext(model: NativeModel, { slots, kvBytesPerToken }: EngineSettings): number {
  const wanted = Math.min(model.trainedContext, mostContext);
  if (kvBytesPerToken <= 0) return wanted;
  const affordable = Math.floor((process.availableMemory() * memoryShare) / (kvBytesPerToken * slots));
  return Math.min(wanted, Math.max(leastContext, affordable - (affordable % 256)));
}
