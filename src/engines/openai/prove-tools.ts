/** One small question shows whether a remote server answers at all, and whether its model calls tools. */

import { type AppError, EngineError, isAppError } from '../../base/errors.ts';
import type { ChatEvent } from '../../chat/event.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { refusedStatus } from '../../wire/openai-chat/client-failure.ts';
import type { ChatClient } from '../engine.ts';
import type { RemoteModel } from './remote-models.ts';

/** Who is asked. */
interface Proof {
  readonly who: string;
  readonly model: string;
  /** Absent = unknown. */
  readonly models: readonly RemoteModel[] | undefined;
  readonly signal: AbortSignal;
}

/** Room for a call; models that reason first do not get to it, and are believed. */
const maxTokens = 64;
/** Some servers load a model when it is first asked. */
const limitMs = 300_000;
/** So many names help somebody who misspelt one. */
const maxNames = 12;

/** A request that no server has a reason to refuse, if it takes tools. */
export const toolQuestion: Omit<ChatRequest, 'model'> = {
  messages: [{ role: 'user', content: 'Call the tool ping.', path: 'messages[0]' }],
  tools: [
    {
      name: 'ping',
      description: 'Answers with pong.',
      parameters: { type: 'object', properties: {} },
      path: 'tools[0]',
    },
  ],
  toolChoice: { type: 'required' },
  parallelCalls: true,
  sampling: { maxTokens },
  stop: [],
  templateVariables: {},
  warnings: [],
};

/** Does it make a call that is demanded? What refuses tools, or passes them over, is taught a prompted format instead. */
export async function proveTools(converse: ChatClient['converse'], proof: Proof): Promise<boolean> {
  const { model, signal, who } = proof;
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await makesCall(converse({ ...toolQuestion, model }, AbortSignal.any([signal, limit])));
  } catch (thrown) {
    if (limit.aborted && !signal.aborted) throw tooSlow(who);
    if (signal.aborted || !isAppError(thrown)) throw thrown;
    if (isAboutTools(thrown)) return false;
    throw withNames(thrown, proof);
  }
}

/** Is a request refused because it has tools at all, whatever they are? */
export function refusesTools(thrown: unknown): boolean {
  return isAboutTools(thrown) && /support|requires? --|not (enabled|allowed|available)/i.test(thrown.message);
}

function isAboutTools(thrown: unknown): thrown is AppError {
  return isAppError(thrown) && thrown.kind === 'request' && /\btools?\b|tool_c|function.?call/i.test(thrown.message);
}

function tooSlow(who: string): EngineError {
  return new EngineError('engine_timeout', `${who} did not answer a small question within ${limitMs / 1000} s.`);
}

async function makesCall(events: AsyncIterable<ChatEvent>): Promise<boolean> {
  let isCut = false;
  for await (const event of events) {
    if (event.type === 'call-start') return true;
    if (event.type === 'finish') isCut = event.reason === 'length';
  }
  return isCut;
}

/** Where the model may be misspelt, the right names stand beside it. */
function withNames(thrown: unknown, { who, model, models }: Proof): unknown {
  if (refusedStatus(thrown) !== 404 || models === undefined || models.some(({ id }) => id === model)) return thrown;
  const names = models.slice(0, maxNames).map(({ id }) => `'${id.slice(0, 100)}'`);
  const more = models.length > maxNames ? ', and others' : '';
  const message = `${who} has no model '${model}'. It has ${names.join(', ') || 'none'}${more}.`;
  return new EngineError('engine_protocol', message, { cause: thrown });
}
